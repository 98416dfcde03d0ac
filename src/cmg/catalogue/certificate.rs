//! Findings about validity, signature and names.

use crate::cmg::catalogue::declare;

declare! {
    validity, Validity, "The validity period"
    cases {
        EXPIRED "expired" Some(Error), "it has expired";
        NOT_YET "not-yet" Some(Error), "it is not valid yet";
        EXPIRING "expiring" Some(Warning), "it expires within the number of days that is set";
        OUTLIVES_ISSUER "outlives-issuer" Some(Warning), "it is valid for longer than the CA that issued it";
    }
    why "Clients choose only certificates that are valid now, and the CMG refuses the others. Configuration Manager gives no alert before a certificate expires. A certificate that outlives its issuer fails on the day the issuer's certificate expires, although its own dates look well."
    remedy "Renew the certificate: group policy auto-enrolment does it when the template's renewal period begins; `certutil -pulse` starts it at once. If the clock is wrong, correct it. Before a CA certificate expires, renew it and upload the new one to the CMG. The number of days is `[parameters] expiring-days`."
    sources [PLAN_CERT, RFC_4_1_2_5]
}

declare! {
    signature_hash, SignatureHash, "The signature uses a hash that is weak or not documented"
    cases {
        BROKEN "broken" Some(Error), "signed with MD2, MD4 or MD5";
        SHA1 "sha-1" Some(Warning), "signed with SHA-1";
        ROOT "root" Some(Info), "SHA-1 or older in a root's own signature";
        PSS "pss" Some(Info), "signed with RSASSA-PSS, the alternate signature format of AD CS";
        DSA "dsa" Some(Error), "signed with DSA, whatever the hash";
        SHA224 "sha-224" Some(Warning), "signed with SHA-224, which Windows does not have";
        EDDSA "eddsa" Some(Error), "signed with Ed25519 or Ed448, which Windows does not have";
        ML_DSA "ml-dsa" Some(Warning), "signed with ML-DSA, which only new versions of Windows have";
    }
    why "Certificates are to be signed with SHA-2 (SHA-256 or SHA-512). Windows' own block on SHA-1 covers paths to roots of Microsoft's program, not those of an enterprise, so such certificates may go on working; MD5 and older can be forged. A root is trusted for being there: the hash of its own signature does not matter. RSASSA-PSS is sound, but Configuration Manager's pages do not speak of it. DSA is out of TLS altogether, and with it out of a gateway. Of the SHA-2 family Windows has SHA-256, SHA-384 and SHA-512: it cannot check a signature with SHA-224, though certpath can. Nor does Windows have EdDSA. Only new versions of it have ML-DSA, and Configuration Manager's pages do not speak of it."
    remedy "At the CA: `certutil -setreg CA\\CSP\\CNGHashAlgorithm SHA256`, restart the service (`net stop certsvc && net start certsvc`), and enrol the certificates anew. A CA whose key is in an old CSP has to be moved to a key storage provider first. For the plain format: `certutil -setreg CA\\CSP\\AlternateSignatureAlgorithm 0`. A CA with a key of DSA, EdDSA or ML-DSA needs another key, of RSA."
    sources [PKI, SHA1_WINDOWS, CNG_ALGORITHMS, EDDSA_WINDOWS]
}

declare! {
    signature, Signature, "The signature was not verified"
    cases {
        BAD "bad" Some(Error), "the issuer's key does not verify the signature";
        UNSUPPORTED "unsupported" Some(Error), "the signature's algorithm is not supported here, so it could not be verified";
        MISMATCH "mismatch" Some(Error), "the two places that name the signature's algorithm disagree";
    }
    why "The certificate names an issuer whose key did not sign it: it was damaged or changed, or another CA of the same name issued it. No chain engine accepts it. An algorithm that is not supported is no verdict on the signature, but it could not be verified here either: anybody may have written such a certificate, no path leads over it, and `certpath export` leaves it out."
    remedy "Get the certificate again from where it was issued (`certutil -view -restrict \"RequestID=N\" -out RawCertificate`). If it is whole, look for another CA certificate of the issuer's name: after a renewal with a new key there are two."
    sources [RFC_6_1]
}

declare! {
    subject, Subject, "Subject and subject alternative name do not identify the client"
    cases {
        NONE "none" Some(Error), "neither a subject nor a subject alternative name";
        SEVERAL_NAMES "several-alternative-names" Some(Warning), "several subject alternative names, of which only the first counts";
        DUPLICATE "duplicate" Some(Warning), "another valid certificate has the same name, and the wrong one may be chosen";
        RENEWED "renewed" Some(Info), "another valid certificate has the same name, and looks like this client's renewed one";
        NO_HOST_NAME "no-host-name" Some(Warning), "no name in the subject looks like a computer's name";
    }
    why "A client certificate needs a value in the subject or in the subject alternative name that is unique among the clients. Of several alternative names Configuration Manager uses the first only. By default a client chooses a certificate whose subject contains its own computer name, so a subject without one is passed over unless other selection criteria are set. Of several certificates that meet them all it takes the one with the longest validity period, or none, as the site is set. Of two with one name that is the right one where the period of the later begun one is no shorter and ends later, or both have one key: so it is after a renewal. One in the last quarter of the earlier period is in due time, whichever is taken until that ends. It may be the wrong one where both begin on one day, the period of the older one is longer, or their security identifiers tell that two accounts have them; two computers then share a name."
    remedy "Of duplicates keep the newest: delete the others on the client (certlm.msc > Personal) or revoke them; two computers need two names. Where the site is set to fail on several matches, let it take the one with the longest validity period: `Set-CMSite -SiteCode CODE -TakeActionForMultipleCertificateMatchCriteria SelectCertificateWithLongestValidityPeriod`. For the names, in the template: Subject Name > Build from this Active Directory information > Common name or DNS name, and DNS name as alternative name. Or set criteria of your own: Site > Properties > Communication Security > Modify, or CCMCERTSEL at installation; CCMCERTNAMECHECK=0 skips the name check (version 2207 or later)."
    sources [PKI, PLAN_CERT, PROPERTIES, SET_SITE]
}

declare! {
    characters, Characters, "A name has characters beyond single-byte"
    cases {
        SUBJECT "subject" Some(Warning), "characters beyond single-byte in the subject";
        ALTERNATIVE_NAME "alternative-name" Some(Warning), "characters beyond single-byte in the subject alternative name";
    }
    why "Certificates that Configuration Manager uses may have single-byte characters only in subject and subject alternative name. Others may be stored or compared wrongly, and the certificate is then not found or not matched."
    remedy "Issue the certificate with a name in single-byte characters: for computers the DNS name, which is ASCII (an international name in its `xn--` form)."
    sources [CRYPTO]
}

declare! {
    sid_extension, SidExtension, "The certificate carries Active Directory's security identifier"
    cases {
        PRESENT "present" Some(Info), "the SID extension 1.3.6.1.4.1.311.25.2 is present";
    }
    why "Domain controllers use this extension to map a certificate to an account (KB5014754, strong mapping). A CMG takes no part in that: neither its presence nor its absence changes whether a client gets through."
    remedy "Nothing for the CMG. For sign-in to Active Directory with certificates see KB5014754."
    sources [STRONG_MAPPING]
}

declare! {
    service_name, ServiceName, "The server's name in the certificate will not do"
    cases {
        NONE "none" Some(Error), "no DNS name where the role needs one";
        NO_COMMON_NAME "no-common-name" Some(Error), "the CMG's certificate has no common name";
        NOT_DNS "not-a-dns-name" Some(Error), "the common name is not a DNS name";
        PREFIX "prefix" Some(Warning), "the first label of the name cannot be an Azure deployment name";
        CLOUDAPP_NET "cloudapp-net" Some(Warning), "a name in cloudapp.net, the domain of the retired classic deployment";
        WILDCARD "wildcard" Some(Info), "the name is a wildcard: the wizard asks for the host name";
        UPPER_CASE "upper-case" Some(Info), "capital letters in the name: a renewal must repeat them exactly";
    }
    why "The CMG's service name is the common name of its server certificate, and the deployment name is taken from its first label: 3 to 24 lowercase letters and digits. At a renewal the wizard compares common names with regard to case. The name cloudapp.net belongs to the classic deployment, which cannot be converted to a scale set. A management point's certificate needs the FQDN by which clients reach it in subject or alternative name."
    remedy "Request the certificate with the service name as common name, such as `CN=contosocmg.contoso.com` (with a CNAME record to the deployment) or `CN=contosocmg.westus.cloudapp.azure.com` (enterprise CA only), and for a management point with its intranet or internet FQDN."
    sources [SERVER_CERT, MODIFY, SUPPORTED, PKI]
}
