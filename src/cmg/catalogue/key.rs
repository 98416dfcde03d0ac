//! Findings about the key, where it is kept and what it may be used for.

use crate::cmg::catalogue::declare;

declare! {
    eku, Eku, "The extended key usage does not allow what the certificate is for"
    cases {
        MISSING_PURPOSE "missing-purpose" Some(Error), "the purpose is not among the extended key usages";
        ABSENT "absent" Some(Warning), "no extended key usage at all";
        ANY_ONLY "any-only" Some(Warning), "any extended key usage, but not the purpose by name";
        APPLICATION_POLICIES "application-policies" Some(Error), "Microsoft's application policies leave the purpose out";
    }
    why "A client's certificate must contain Client Authentication (1.3.6.1.5.5.7.3.2), a server's Server Authentication (1.3.6.1.5.5.7.3.1). Clients and the CMG connection point filter by it when they choose a certificate. For Windows a certificate without extended key usage is good for any purpose, but Configuration Manager's requirements demand the purpose by name. Where a certificate has Microsoft's application policies (1.3.6.1.4.1.311.21.10), Windows reads them in place of the extended key usage ([Application Policy](https://learn.microsoft.com/previous-versions/windows/it-pro/windows-server-2003/cc776986(v=ws.10))), while Configuration Manager's requirements speak of the extended key usage: a certificate that has both must allow the purpose in both."
    remedy "In the template: Extensions > Application Policies > add Client Authentication (Server Authentication for a server). Enrol the certificates anew: Certificate Templates console > Reenroll All Certificate Holders, then `certutil -pulse` on the client."
    sources [PKI, TROUBLESHOOT, RFC_4_2_1_12]
}

declare! {
    key_usage, KeyUsage, "The key usage lacks what Configuration Manager needs"
    cases {
        NO_DIGITAL_SIGNATURE "no-digital-signature" Some(Warning), "the key usage lacks Digital Signature";
        NO_KEY_ENCIPHERMENT "no-key-encipherment" Some(Warning), "the key usage lacks Key Encipherment";
        ABSENT "absent" Some(Warning), "no key usage at all";
        CONNECTION_POINT "connection-point" Some(Error), "the key usage of the connection point's certificate lacks Digital Signature";
    }
    why "Client certificates need Digital Signature and Key Encipherment (a0): with the first the client proves its identity in TLS, with the second its BITS transfers test that the key can decrypt. The CMG connection point drops certificates without Digital Signature first of all, and answers 403 when none is left."
    remedy "In the template: Extensions > Key Usage > Digital signature and Allow key exchange only with key encryption; Request Handling > Purpose: Signature and encryption. Enrol anew."
    sources [PKI, TROUBLESHOOT, RFC_4_2_1_3]
}

declare! {
    key_algorithm, KeyAlgorithm, "The key is not an RSA key"
    cases {
        NOT_RSA "not-rsa" Some(Error), "a key on an elliptic curve, of DSA or of another algorithm";
        RSA_PSS "rsa-pss" Some(Warning), "an RSA key restricted to RSASSA-PSS";
    }
    why "Configuration Manager supports certificates with RSA keys only, in a key storage provider as well. One version of a page allowed elliptic curves for clients from version 2107 on; that sentence was withdrawn. An RSA key that is restricted to RSASSA-PSS is documented nowhere."
    remedy "In the template: Cryptography > Provider Category: Key Storage Provider, Algorithm name: RSA, minimum key size 2048. Enrol anew; a renewal with the same key keeps the algorithm."
    sources [CNG, CRYPTO]
}

declare! {
    key_provider, KeyProvider, "Which provider keeps the private key: CNG (KSP, \"v3\") or CSP"
    cases {
        CNG "cng" None, "the private key is in a CNG key storage provider";
        CSP "csp" Some(Info), "the private key is in a CryptoAPI service provider";
        UNKNOWN "unknown" Some(Info), "a private key is there, but what is known does not tell";
        CNG_UNSUPPORTED "cng-unsupported" Some(Info), "a CNG key, which some roles on the same server cannot use";
    }
    why "A CMG supports client certificates with keys in a CNG key storage provider (what the pages call v3, after the version of the template) and in a CSP alike. Neither is in the certificate itself: it is a property of the store entry or of the PKCS#12 file, and without one it is not known. A PKCS#12 file that names no provider is imported into a CSP by default. The enrollment point and the enrollment proxy point cannot use a CNG certificate in IIS."
    remedy "To see it where the key is: `certutil -store My` (line Provider), or `certpath inspect Cert:\\LocalMachine\\My`. To change it: a template with Provider Category Key Storage Provider and Microsoft Software Key Storage Provider, enrolled with a new key; for a PKCS#12 file `certutil -csp \"Microsoft Software Key Storage Provider\" -importpfx FILE`."
    sources [CNG, KEY_PROV_INFO, PFX_IMPORT]
}

declare! {
    key_length, KeyLength, "The key's length is not one that Microsoft documents for a CMG"
    cases {
        TOO_SHORT "too-short" Some(Error), "a key that is shorter than 2048 bits";
        UNDOCUMENTED "undocumented" Some(Warning), "a key of neither 2048 nor 4096 bits";
        ROLE_MAXIMUM "role-maximum" Some(Info), "a key that is longer than other roles on the same server take";
        CA_SHORT "ca-short" Some(Info), "a CA's key that is shorter than 2048 bits";
        CA_REFUSED "ca-refused" Some(Error), "a CA's key that is shorter than 1024 bits";
    }
    why "The certificates around a CMG may have RSA keys of 2048 or 4096 bits. Shorter ones are incompatible with the cloud roles. Other lengths, 3072 among them, are not documented: they may work, and nobody promises it. Certificates by which a management point or state migration point is monitored, and those of distribution points, may have 2048 bits at most; a server with several roles may need several certificates. For CA certificates no limit is documented, but Windows refuses every path with an RSA key of less than 1024 bits, and so does certpath."
    remedy "In the template: Cryptography > Minimum key size 2048 (or 4096), then enrol with a new key. If you have tested another length, allow it in the settings: `[parameters] key-lengths = [2048, 3072, 4096]`. A CA whose key is refused has to be renewed with a new key, and what it has issued enrolled anew."
    sources [AUTH, PKI, SERVER_CERT, WEAK_RSA]
}

declare! {
    private_key, PrivateKey, "The private key is not there"
    cases {
        ABSENT "absent" Some(Error), "a Personal store holds the certificate without its key";
    }
    why "A certificate in a Personal store can authenticate only with its private key. Clients pass over certificates whose key they cannot use, and the CMG connection point counts them as No private key cert."
    remedy "If the key is on the machine, join the two again: `certutil -repairstore My SERIALNUMBER`. Otherwise import the .pfx file instead of the .cer file, or enrol anew. Check that SYSTEM may read the key: certlm.msc > All Tasks > Manage Private Keys."
    sources [PLAN_CERT, TROUBLESHOOT]
}

declare! {
    provider_conflict, ProviderConflict, "Two places disagree about the key's provider"
    cases {
        FAMILIES "families" Some(Warning), "one place says CNG, another says CSP";
    }
    why "The same certificate was found with its key in a CNG provider at one place and in a CSP at another: the key was exported and imported in between. What holds on the client is what its own store says; a file may tell of another machine."
    remedy "Look at the place that counts, the Computer\\Personal store of the client: `certutil -store My THUMBPRINT`. Delete the stale copy, or import the file with the provider that you mean: `certutil -csp \"Microsoft Software Key Storage Provider\" -importpfx FILE`."
    sources [KEY_PROV_INFO, PFX_IMPORT]
}
