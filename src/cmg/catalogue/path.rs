//! Findings about the certification path and the CA certificates in it.

use crate::cmg::catalogue::declare;

declare! {
    path_incomplete, PathIncomplete, "No complete certification path"
    cases {
        MISSING_ISSUER "missing-issuer" Some(Error), "the issuer's certificate is not among the sources";
        UNTRUSTED_ROOT "untrusted-root" Some(Error), "the path ends at a root that is not among the trust anchors";
        NO_ROOT "no-root" Some(Warning), "the path ends at a trust anchor that is no root";
        BUDGET "budget" Some(Error), "the search ended on its budget before it found a path";
    }
    why "The CMG verifies each client certificate up to a root that was uploaded to it. While one CA certificate of the path is missing there, the clients below it are refused with 401 Unauthorized, and nothing on the client says why."
    remedy "Get the certificate of the named issuer: from its AIA address where one is shown, from the CA itself with `certutil -ca.cert issuer.cer`, or from a machine that holds it (`certlm.msc` > Intermediate Certification Authorities). Add it to the sources or give it with `--intermediates`, a root with `--trust`, and run again. Where an intermediate was given with `--trust`, give its root instead: what lies above it, name constraints and revocation among them, is not looked at. In the console: CMG > Properties > Settings > Certificates takes roots and intermediates alike."
    sources [AUTH, FAQ, ISSUE_401, SET_CMG, RFC_6_1]
}

declare! {
    path_invalid, PathInvalid, "Paths reach a trust anchor, but none of them is valid"
    cases {
        REFUSED "refused" Some(Error), "a check refused each path";
    }
    why "A path exists, but a certificate in it has expired, may not issue, breaks a name or policy constraint of a CA above it, or carries a critical extension that is not understood. IIS on the CMG refuses the client for the same reason."
    remedy "The message names the certificate, the check that decided and the two values compared: `certpath chain` shows the whole tree. Mostly a CA certificate has to be renewed (`certutil -renewCert ReuseKeys` at the CA), or a renewed one that exists already is missing from the sources."
    sources [RFC_6_1, SECURITY]
}

declare! {
    name_ambiguous, NameAmbiguous, "Several roots have the same name"
    cases {
        ROOTS "roots" Some(Warning), "several root certificates with one subject and different keys";
    }
    why "The certificate issuers list of clients (CCMCERTISSUERS) names roots by their subject alone: two roots of one name, such as before and after a renewal with a new key, cannot be told apart in it, and it is easy to upload the wrong file."
    remedy "Upload each of them to the CMG that still has valid client certificates below it, and set all of them in Site > Properties > Communication Security > Trusted Root Certification Authorities. Tell them apart by thumbprint, never by name. Give the next root a name of its own."
    sources [PROPERTIES, PLAN_CERT, CA_RENEWAL]
}

declare! {
    cross_certificate, CrossCertificate, "A cross-certificate leads to another path"
    cases {
        CROSS "cross" Some(Warning), "the CA's name and key are certified by another CA too";
        KEY_ROLLOVER "key-rollover" Some(Info), "self-issued, not self-signed: a CA certifies its own other key";
    }
    why "A CA whose name and key are certified twice has two paths, and Windows shows one of them, not the same on every machine. Whoever exports what the Certification Path tab shows may upload the path that the CMG does not choose. A key rollover certificate of AD CS, such as `Name(0-1).crt`, looks like a root because subject and issuer are equal, but it is an intermediate."
    remedy "Upload the CA certificates of one whole path that ends at the root you mean to trust; `certpath export` chooses it by one rule for all clients and lists the others. Put cross-certificates among the intermediates. Withdraw those that nobody needs any more."
    sources [RFC_3_2, CA_RENEWAL]
}

declare! {
    ca_superseded, CaSuperseded, "A newer certificate of this CA exists"
    cases {
        SAME_KEY "same-key" Some(Info), "the CA was renewed with the same key";
        NEW_KEY "new-key" Some(Info), "the CA was renewed with a new key";
    }
    why "When a CA is renewed, clients with certificates from before and from after the renewal are in use side by side. Renewed with the same key, both CA certificates verify both; with a new key, each verifies its own only. A renewed root has to be imported in addition to the old one."
    remedy "Upload the new CA certificate beside the old one (CMG > Properties > Settings > Certificates; `certpath diff` shows what is missing), and import a renewed root into the site as well. Remove the old one when no valid client certificate is left below it, at the latest when it expires."
    sources [PLAN_CERT, MODIFY, CA_RENEWAL]
}

declare! {
    basic_constraints, BasicConstraints, "The certificate is a CA where it must not be, or is none where it must be"
    cases {
        LEAF_IS_CA "leaf-is-ca" Some(Warning), "an end entity's certificate that says it is a CA";
        NOT_A_CA "not-a-ca" Some(Error), "it has issued certificates without being a CA";
        SILENT_ROOT "silent-root" Some(Warning), "a root that does not say whether it is a CA";
        NO_CERTIFICATE_SIGNING "no-certificate-signing" Some(Error), "a CA whose key usage lacks certificate signing";
        PATH_LENGTH "path-length" Some(Error), "one CA more than the path length of a CA above it allows";
    }
    why "A certificate may issue others only if its basic constraints say that it is a CA and its key usage, where present, includes certificate signing; the path length limits how many CAs may follow. Paths that break one of these rules are refused. A root is trusted for being there, so that one without basic constraints may still end a path; not every program takes it."
    remedy "Have the CA certificate issued anew with the right constraints: at the parent CA from the template `SubCA`, with `PathLength` in CAPolicy.inf no smaller than the number of CAs below. An end entity's certificate needs a template that does not make it a CA."
    sources [RFC_4_2_1_9, RFC_4_2_1_3]
}

declare! {
    name_encoding, NameEncoding, "The issuer's name is encoded otherwise than in the issuer's own certificate"
    cases {
        OTHER "other-encoding" Some(Warning), "the issuer's name in another string type, case or spacing, equal by RFC 5280 alone";
    }
    why "A certificate names its issuer, and the issuer's certificate has that name as subject. RFC 5280 compares the two without regard to string type, case and repeated spaces; Windows' functions for names and stores take two names for the same only where their encodings are identical. Whether its chain engine still finds such an issuer by the key identifiers is not documented, and neither is what the CMG's IIS does. It happens where a CA's certificate was renewed or cross-certified by other software, which wrote the name anew."
    remedy "Have the CA's certificate issued anew with the name exactly as the CA writes it into what it issues: with AD CS renew at the CA (`certutil -renewCert ReuseKeys`) and let the parent take the subject from the request. Until then try one client before you rely on it: `certutil -verify -urlfetch CLIENT.cer` on a Windows machine shows whether the path is built there."
    sources [RFC_7_1, COMPARE_NAME, FIND_CERTIFICATE]
}
