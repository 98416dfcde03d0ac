//! Findings about revocation, stores, templates and the site.

use crate::cmg::catalogue::declare;

declare! {
    cdp, Cdp, "The internet cannot reach a CRL of this certificate"
    cases {
        NONE "none" Some(Error), "no CRL distribution point";
        UNREACHABLE "unreachable" Some(Error), "only addresses that the internet cannot reach";
        HTTPS_ONLY "https-only" Some(Warning), "only HTTPS addresses, which cannot be used in practice";
    }
    why "With \"Verify Client Certificate Revocation\" on, the wizard's default, the CMG in Azure must fetch a CRL for every certificate of the path but the root. Addresses by LDAP, file, a name without a domain, .local or a private network do not exist out there. Who cannot fetch a CRL treats the whole path as revoked: all of its clients fail. With the option off (`--cmg-revocation off`) it does not matter."
    remedy "Publish the CRL on an HTTP server with a public name, add it at the CA (Properties > Extensions > CRL Distribution Point, \"Include in the CDP extension of issued certificates\"), and enrol the certificates anew; for a CA's certificate the CA above it has to do so. Or clear CMG > Properties > Settings > \"Verify Client Certificate Revocation\"."
    sources [SECURITY, SETUP, PLAN_CERT, ISSUE_CRL, RFC_4_2_1_13]
}

declare! {
    revoked, Revoked, "The certificate is revoked"
    cases {
        REVOKED "revoked" Some(Error), "a CRL lists it";
        HOLD "hold" Some(Error), "a CRL lists it as on hold";
    }
    why "The CA has withdrawn the certificate. A CMG that verifies revocation refuses it, and so does the management point, whose IIS always checks."
    remedy "Enrol a new certificate. If it was revoked by mistake and is on hold, `certutil -revoke SERIALNUMBER Unrevoke` at the CA and a new CRL (`certutil -crl`) lift it; other reasons are final."
    sources [RFC_6_3, PLAN_CERT]
}

declare! {
    revocation_unknown, RevocationUnknown, "Whether the certificate is revoked is not known"
    cases {
        UNKNOWN "unknown" Some(Warning), "no CRL at hand covers it";
        STALE "stale" Some(Warning), "the CRL at hand is past its next update";
        REQUIRED "required" Some(Error), "no CRL at hand tells, and with `--require-revocation` one must";
        CA_UNKNOWN "ca-unknown" Some(Info), "no CRL that speaks of CA certificates of its issuer is at hand";
    }
    why "CRLs were given, but none of them covers this certificate, is signed by the right issuer and is still fresh. Windows treats that as a failure where revocation is verified: if the published CRL is as stale as this one, every client below fails. Where only the CRL above a CA certificate was not given, that is information: nothing was found to be wrong with it. With revocation off in the CMG (`--cmg-revocation off`) it is information for client certificates, since the CMG does not ask; a certificate that is known to be revoked stays an error, since IIS on the management point always asks."
    remedy "Give the CRL of the named issuer with `--crl` (`certutil -url CERTIFICATE` shows where it is published, `certutil -getcrl out.crl` gets it from the CA). If it is stale at the source, publish a new one: `certutil -crl`."
    sources [RFC_6_3, PLAN_CERT]
}

declare! {
    template, Template, "The certificate template is not the one expected"
    cases {
        VERSION_1 "version-1" Some(Info), "a schema version 1 template, whose default is a CSP";
        UNEXPECTED "unexpected" Some(Warning), "a template that is not among those that the settings name";
    }
    why "A certificate from a schema version 1 template carries the template's name; such templates default to a CSP, and a requester may have chosen otherwise. The schema version of newer templates (2, 3 or 4) is not in the certificate: the major version shown with them counts the template's revisions and is not the \"v3\" of CNG v3."
    remedy "Duplicate the template Workstation Authentication with compatibility Windows Server 2012 or later, choose Key Storage Provider, and enrol from it. Which templates are expected is `[parameters] templates`."
    sources [EXTENSIONS, CNG]
}

declare! {
    site_generated, SiteGenerated, "The site made this certificate itself"
    cases {
        CA "ca" Some(Warning), "the site's own issuing certificate among the CA certificates";
        CERTIFICATE "certificate" Some(Info), "a certificate that the site issued";
    }
    why "With Enhanced HTTP the site issues certificates from its own root \"SMS Issuing\" and binds \"SMS Role SSL Certificate\" to the management point. They are not part of your PKI: a CMG must not be given them, and no client authenticates with them."
    remedy "Leave them out: do not upload \"SMS Issuing\" to the CMG. Choose the clients by their CA (`--issuer`) if they were taken for client certificates."
    sources [ENHANCED_HTTP, TOKEN]
}

declare! {
    public_root, PublicRoot, "The root is a public one that Windows ships with"
    cases {
        PUBLIC "public" Some(Warning), "a root of a public CA";
    }
    why "Whoever can obtain a certificate with client authentication below this root can authenticate at the CMG with it. Without a list of trusted roots in the site, any certificate below any root that the management point trusts is accepted for registration."
    remedy "Issue client certificates from a CA of your own. Set Site > Properties > Communication Security > Trusted Root Certification Authorities to your roots alone."
    sources [SECURITY, CONFIGURE_SECURITY, SET_SITE, ROOT_PROGRAM]
}

declare! {
    store_placement, StorePlacement, "The certificate is in the wrong store"
    cases {
        NOT_SELF_SIGNED "not-self-signed-in-root" Some(Error), "a certificate that is not self-signed among the trusted roots";
        ROOT_AMONG_INTERMEDIATES "root-among-intermediates" Some(Warning), "a root among the intermediates";
    }
    why "Windows takes only self-signed certificates as roots. One that is not self-signed in the Trusted Root store makes IIS refuse every client certificate with 403.16 or 403.7, on a management point as well as elsewhere. A root among the intermediates is not trusted there."
    remedy "Find them: `Get-ChildItem Cert:\\LocalMachine\\Root | Where-Object { $_.Issuer -ne $_.Subject }`; move each: `Move-Item Cert:\\LocalMachine\\Root\\THUMBPRINT Cert:\\LocalMachine\\CA`. If group policy put them there, correct the policy. At the CMG choose \"Intermediate\" for what is not self-signed."
    sources [IIS_403_16, ISSUE_STORES, AUTH]
}

declare! {
    disallowed, Disallowed, "The certificate is in the Disallowed store"
    cases {
        LISTED "listed" Some(Error), "the store of untrusted certificates holds it";
    }
    why "Windows refuses every path through a certificate in the store Untrusted Certificates (Disallowed), whatever else is trusted."
    remedy "Find out who put it there, Microsoft's list or an administrator. If it was a mistake: certlm.msc > Untrusted Certificates > delete it, or correct the group policy that distributes it. Otherwise replace the certificate."
    sources [CERT_PROPERTIES]
}

declare! {
    trust_restricted, TrustRestricted, "The store entry limits what the certificate is trusted for"
    cases {
        USAGE "usage" Some(Warning), "the store entry does not allow the purpose";
        DISALLOWED_FROM "disallowed-from" Some(Warning), "the store entry distrusts it from a date on";
        NOT_BEFORE "not-before" Some(Warning), "the store entry distrusts what was issued after a date";
        ARCHIVED "archived" Some(Warning), "archived in its store: Windows passes over it";
    }
    why "A store can limit a certificate by properties of its entry: the usages it is trusted for, a date from which it is distrusted, or that it is archived. The certificate itself shows nothing of that, and looks well on every other machine. Where the entry distrusts what was issued after a date, the path of each certificate is checked against it: one issued later is refused (`path-invalid`), one issued before goes on being trusted."
    remedy "certlm.msc > the certificate > Properties: enable the purpose, or clear \"Archived\" in PowerShell: `(Get-Item Cert:\\LocalMachine\\My\\THUMBPRINT).Archived = $false`. Dates of distrust come from Microsoft's root program and stay; use another root."
    sources [CERT_PROPERTIES, ROOT_DEPRECATION, ROOT_PROGRAM]
}

declare! {
    cmg_limit, CmgLimit, "More CA certificates than this version of the site takes"
    cases {
        ROOTS "too-many-roots" Some(Error), "more than 2 roots with version 1902 or earlier";
        INTERMEDIATES "too-many-intermediates" Some(Error), "more than 4 intermediates with version 1902 or earlier";
    }
    why "Up to version 1902 a CMG took 2 trusted roots and 4 intermediates. Later versions have no such limit."
    remedy "Update the site to a supported version. Until then upload only the CA certificates of clients that use the CMG (`--issuer`)."
    sources [OLD_CERT, ISSUE_LIMIT]
}

declare! {
    unused_exception, UnusedException, "An exception in the settings has no effect"
    cases {
        UNMATCHED "unmatched" Some(Warning), "the exception matched no finding";
        EXPIRED "expired" Some(Warning), "the date of the exception has passed";
    }
    why "An exception that matches nothing hides nothing today, and may hide something tomorrow that nobody meant. One whose date has passed no longer holds."
    remedy "Remove it from the settings, correct the thumbprint or name in it, or set a new `until` with a reason."
    sources [SECURITY]
}
