//! The pages and standards that the rules rest on, each once, so that every statement can name where it is from.

use schemars::JsonSchema;
use serde::Serialize;

/// A page or a standard that a statement rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Source {
    /// The page's title, or the standard's section.
    pub title: &'static str,
    /// Where it is.
    pub url: &'static str,
}

macro_rules! sources {
    ($($name:ident: $title:literal, $url:expr;)+) => {
        $(pub(crate) const $name: Source = Source { title: $title, url: $url };)+
        #[cfg(test)]
        pub(crate) const ALL: &[Source] = &[$($name),+];
    };
}

macro_rules! configmgr {
    ($path:literal) => {
        concat!("https://learn.microsoft.com/mem/configmgr/core/", $path)
    };
}

sources! {
    AUTH: "Configure client authentication for cloud management gateway", configmgr!("clients/manage/cmg/configure-authentication");
    PLAN_AUTH: "Plan for CMG client authentication methods", configmgr!("clients/manage/cmg/plan-client-authentication");
    SETUP: "Set up a CMG", configmgr!("clients/manage/cmg/setup-cloud-management-gateway");
    CLIENTS: "Configure clients for CMG", configmgr!("clients/manage/cmg/configure-clients");
    MODIFY: "Modify a CMG", configmgr!("clients/manage/cmg/modify-cloud-management-gateway");
    SERVER_CERT: "CMG server authentication certificate", configmgr!("clients/manage/cmg/server-auth-cert");
    SECURITY: "Security and privacy for the CMG", configmgr!("clients/manage/cmg/security-and-privacy-for-cloud-management-gateway");
    SUPPORTED: "Supported configurations for CMG", configmgr!("clients/manage/cmg/supported-configurations");
    FAQ: "Frequently asked questions about the CMG", configmgr!("clients/manage/cmg/cloud-management-gateway-faq");
    OLD_CERT: "Certificates for the CMG (retired, version of April 2020)", "https://github.com/MicrosoftDocs/memdocs/blob/045e537/memdocs/configmgr/core/clients/manage/cmg/certificates-for-cloud-management-gateway.md";
    TOKEN: "Token-based authentication for CMG", configmgr!("clients/deploy/deploy-clients-cmg-token");
    ENTRA_CLIENTS: "Install and assign Configuration Manager clients using Microsoft Entra ID", configmgr!("clients/deploy/deploy-clients-cmg-azure");
    PROPERTIES: "About client installation parameters and properties", configmgr!("clients/deploy/about-client-installation-properties");
    CNG: "CNG v3 certificates overview", configmgr!("plan-design/network/cng-certificates-overview");
    PKI: "PKI certificate requirements", configmgr!("plan-design/network/pki-certificate-requirements");
    PLAN_CERT: "Plan for certificates", configmgr!("plan-design/security/plan-for-certificates");
    CRYPTO: "Cryptographic controls technical reference", configmgr!("plan-design/security/cryptographic-controls-technical-reference");
    CONFIGURE_SECURITY: "Configure security", configmgr!("plan-design/security/configure-security");
    ENHANCED_HTTP: "Enhanced HTTP", configmgr!("plan-design/hierarchy/enhanced-http");
    TROUBLESHOOT: "Configuration Manager clients fail to communicate with the CMG", "https://learn.microsoft.com/troubleshoot/mem/configmgr/client-management/cmg-communication-error";
    SET_CMG: "Set-CMCloudManagementGateway", "https://learn.microsoft.com/powershell/module/configurationmanager/set-cmcloudmanagementgateway";
    SET_SITE: "Set-CMSite", "https://learn.microsoft.com/powershell/module/configurationmanager/set-cmsite";
    ISSUE_EHTTP_PKI: "MicrosoftDocs/memdocs issue 3148: PKI client and E-HTTP management point", "https://github.com/MicrosoftDocs/memdocs/issues/3148";
    ISSUE_LIMIT: "MicrosoftDocs/memdocs issue 536: number of CA certificates", "https://github.com/MicrosoftDocs/memdocs/issues/536";
    ISSUE_STORES: "MicrosoftDocs/memdocs issue 4339: site trust list and Windows stores", "https://github.com/MicrosoftDocs/memdocs/issues/4339";
    ISSUE_401: "MicrosoftDocs/SCCMdocs issue 1372: 401 while an intermediate CA is missing", "https://github.com/MicrosoftDocs/SCCMdocs/issues/1372";
    ISSUE_CRL: "MicrosoftDocs/SCCMdocs issue 1434: when to verify client certificate revocation", "https://github.com/MicrosoftDocs/SCCMdocs/issues/1434";
    IIS_403_16: "IIS may reject client certificate requests with HTTP 403.7 or 403.16 errors (KB 2802568)", "https://learn.microsoft.com/troubleshoot/developer/webapps/iis/www-authentication-authorization/errors-403-7-reject-client-certificate-rquest";
    CA_RENEWAL: "Certification authority renewal (Win32)", "https://learn.microsoft.com/windows/win32/seccrypto/certification-authority-renewal";
    EXTENSIONS: "Supported extensions (Win32)", "https://learn.microsoft.com/windows/win32/seccertenroll/supported-extensions";
    KEY_PROV_INFO: "CRYPT_KEY_PROV_INFO structure", "https://learn.microsoft.com/windows/win32/api/wincrypt/ns-wincrypt-crypt_key_prov_info";
    PFX_IMPORT: "PFXImportCertStore function", "https://learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-pfximportcertstore";
    STRONG_MAPPING: "KB5014754: Certificate-based authentication changes on Windows domain controllers", "https://support.microsoft.com/topic/5014754";
    SHA1_WINDOWS: "Countdown to SHA-1 deprecation (Microsoft, November 2016)", "https://blogs.windows.com/msedgedev/2016/11/18/countdown-to-sha-1-deprecation/";
    CNG_ALGORITHMS: "CNG algorithm identifiers", "https://learn.microsoft.com/windows/win32/seccng/cng-algorithm-identifiers";
    EDDSA_WINDOWS: "CompositeMLDsa on Windows uses the native implementation (on EdDSA in Windows)", "https://learn.microsoft.com/dotnet/core/compatibility/cryptography/11/compositemldsa-windows-native";
    WEAK_RSA: "Update for minimum certificate key length (KB2661254)", "https://support.microsoft.com/help/2661254";
    ROOT_DEPRECATION: "Deprecation definitions of the Microsoft Trusted Root Program", "https://learn.microsoft.com/security/trusted-root/deprecation";
    ROOT_PROGRAM: "Microsoft Trusted Root Program participants", "https://learn.microsoft.com/security/trusted-root/participants-list";
    CERT_PROPERTIES: "CertSetCertificateContextProperty function", "https://learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-certsetcertificatecontextproperty";
    RFC_4_1_2_5: "RFC 5280 section 4.1.2.5, Validity", "https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5";
    RFC_4_2_1_3: "RFC 5280 section 4.2.1.3, Key Usage", "https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.3";
    RFC_4_2_1_9: "RFC 5280 section 4.2.1.9, Basic Constraints", "https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.9";
    RFC_4_2_1_12: "RFC 5280 section 4.2.1.12, Extended Key Usage", "https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.12";
    RFC_4_2_1_13: "RFC 5280 section 4.2.1.13, CRL Distribution Points", "https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.13";
    RFC_6_1: "RFC 5280 section 6.1, Basic Path Validation", "https://www.rfc-editor.org/rfc/rfc5280#section-6.1";
    RFC_6_3: "RFC 5280 section 6.3, CRL Validation", "https://www.rfc-editor.org/rfc/rfc5280#section-6.3";
    COMPARE_NAME: "CertCompareCertificateName function", "https://learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-certcomparecertificatename";
    FIND_CERTIFICATE: "CertFindCertificateInStore function", "https://learn.microsoft.com/windows/win32/api/wincrypt/nf-wincrypt-certfindcertificateinstore";
    RFC_7_1: "RFC 5280 section 7.1, Internationalized Names in Distinguished Names", "https://www.rfc-editor.org/rfc/rfc5280#section-7.1";
    RFC_3_2: "RFC 5280 section 3.2, Certification Paths and Trust", "https://www.rfc-editor.org/rfc/rfc5280#section-3.2";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_has_a_title_and_an_https_address_and_stands_here_once() {
        for (index, source) in ALL.iter().enumerate() {
            assert!(!source.title.is_empty() && source.url.starts_with("https://"), "{source:?}");
            assert!(ALL[..index].iter().all(|other| other.url != source.url), "{} twice", source.url);
        }
    }
}
