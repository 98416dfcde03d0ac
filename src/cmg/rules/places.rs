//! Where a certificate comes from and where it lies: its template, the site's own certificates, public roots, stores.

use crate::certificate::{Certificate, oid};
use crate::cmg::catalogue::{disallowed, public_root, site_generated, store_placement, template, trust_restricted};
use crate::cmg::finding::Finding;
use crate::cmg::passed_over::{Maker, passed_over};
use crate::cmg::public_roots::is_public_root;
use crate::cmg::rules::{Looked, Part, RuleContext};
use crate::source::{Properties, StoreName};

/// Templates of schema version 1, and those that the settings do not name.
pub(super) fn template(looked: &Looked<'_>, context: &RuleContext<'_>, found: &mut Vec<Finding>) {
    let expected = &context.settings.parameters.templates;
    let certificate = looked.certificate;
    let has_name = certificate.extension(oid::MS_TEMPLATE_NAME).is_some();
    if looked.part != Part::EndEntity || (expected.is_empty() && !has_name) {
        return;
    }
    let template = certificate.template();
    let name = template.as_ref().and_then(|template| template.name.as_deref());
    if let Some(name) = name {
        let message = format!("it comes from the schema version 1 template {name}, whose keys are in a CSP by default");
        found.push(Finding::new(&template::VERSION_1, message).found(name));
    }
    let number = template.as_ref().and_then(|template| template.oid.as_ref()).map(ToString::to_string);
    let is = |wanted: &String| {
        name.is_some_and(|name| name.eq_ignore_ascii_case(wanted)) || number.as_deref() == Some(wanted.trim())
    };
    if !expected.is_empty() && !expected.iter().any(is) {
        let shown = name.map(str::to_owned).or(number).unwrap_or_else(|| "none".to_owned());
        let list = expected.join(", ");
        let message = format!("its template is {shown}; the settings expect {list}");
        found.push(Finding::new(&template::UNEXPECTED, message).expected(list).found(shown));
    }
}

/// What the site made itself does not belong among the certificates of a PKI.
pub(super) fn site_generated(looked: &Looked<'_>, _: &RuleContext<'_>, found: &mut Vec<Finding>) {
    let friendly = looked.occurrences.iter().filter_map(|place| place.properties.as_ref()?.friendly_name.as_deref());
    let Some(row) = passed_over(looked.certificate, friendly).filter(|row| row.maker == Maker::ConfigMgr) else {
        return;
    };
    let (case, what) = match looked.part {
        Part::EndEntity => (&site_generated::CERTIFICATE, "no client authenticates with it"),
        Part::Intermediate | Part::Root => (&site_generated::CA, "a CMG must not be given it"),
    };
    found.push(Finding::new(case, format!("{}: {}; {what}", row.name, row.reason)).found(row.name));
}

/// A root that Windows ships with.
pub(super) fn public_root(looked: &Looked<'_>, _: &RuleContext<'_>, found: &mut Vec<Finding>) {
    if looked.part == Part::Root && is_public_root(looked.certificate.sha256()) {
        let name = looked.certificate.short_subject();
        let message = format!(
            "{name} is a public root: whoever gets a certificate with client authentication below it may come in"
        );
        found.push(Finding::new(&public_root::PUBLIC, message).expected("a root of your own").found(name));
    }
}

/// Windows itself keeps this self-signed test root among the intermediates.
const ROOT_AGENCY: [u8; 20] = [
    0xfe, 0xe4, 0x49, 0xee, 0x0e, 0x39, 0x65, 0xa5, 0x24, 0x6f, 0x00, 0x0e, 0x87, 0xfd, 0xe2, 0xa0, 0x65, 0xfd, 0x89,
    0xd4,
];

/// The stores that hold it, and what their entries say.
pub(super) fn stores(looked: &Looked<'_>, context: &RuleContext<'_>, found: &mut Vec<Finding>) {
    for occurrence in looked.occurrences {
        let Some(properties) = occurrence.properties.as_deref() else { continue };
        if let Some(store) = &properties.store {
            in_store(looked, store, found);
        }
        if properties.archived || !properties.restrictions.is_empty() {
            restrictions(properties, context, found);
        }
    }
}

fn in_store(looked: &Looked<'_>, store: &StoreName, found: &mut Vec<Finding>) {
    let certificate: &Certificate = looked.certificate;
    let shown = store.to_string();
    let finding = if store.is("Disallowed") {
        let message = format!("the store {shown} holds it: Windows refuses every path through it");
        Finding::new(&disallowed::LISTED, message).found(shown)
    } else if (store.is("Root") || store.is("AuthRoot")) && !certificate.is_self_signed() {
        let message =
            format!("it is not self-signed, but lies among the trusted roots in {shown}: IIS answers clients 403.16");
        Finding::new(&store_placement::NOT_SELF_SIGNED, message).expected("self-signed").found(shown)
    } else if store.is("CA")
        && certificate.is_ca()
        && *certificate.thumbprint() != ROOT_AGENCY
        && certificate.is_self_signed()
    {
        let message =
            format!("it is a self-signed root, but lies among the intermediates in {shown}, where it is not trusted");
        Finding::new(&store_placement::ROOT_AMONG_INTERMEDIATES, message).expected("the store Root").found(shown)
    } else {
        return;
    };
    if !found.iter().any(|earlier| earlier.case == finding.case) {
        found.push(finding);
    }
}

fn restrictions(properties: &Properties, context: &RuleContext<'_>, found: &mut Vec<Finding>) {
    let profile = context.profile();
    let allows = |usages: &[crate::certificate::Oid]| {
        usages.iter().any(|usage| {
            [profile.usage, oid::ANY_EXTENDED_KEY_USAGE, oid::ANY_APPLICATION_POLICY].contains(&usage.as_bytes())
        })
    };
    // No list of usages means all of them.
    let concerns = |usages: &Option<Vec<crate::certificate::Oid>>| usages.as_deref().is_none_or(allows);
    let limits = &properties.restrictions;
    let mut add = |finding: Finding| {
        if !found.iter().any(|earlier| earlier.case == finding.case) {
            found.push(finding);
        }
    };
    if let Some(usages) = &limits.enhanced_key_usage
        && !allows(usages)
    {
        let message = format!("its store entry does not allow {}", profile.usage_name);
        add(Finding::new(&trust_restricted::USAGE, message)
            .expected(profile.usage_name)
            .found(usages.iter().take(20).map(ToString::to_string).collect::<Vec<_>>().join(", ")));
    }
    if let Some(from) = limits.disallowed_from
        && concerns(&limits.disallowed_usages)
    {
        let tense = if from <= context.at { "distrusts" } else { "will distrust" };
        let message = format!("its store entry {tense} it from {from} on");
        add(Finding::new(&trust_restricted::DISALLOWED_FROM, message).found(from.to_string()));
    }
    if let Some(after) = limits.not_before
        && concerns(&limits.not_before_usages)
    {
        let message = format!("its store entry distrusts what was issued after {after}");
        add(Finding::new(&trust_restricted::NOT_BEFORE, message).found(after.to_string()));
    }
    if properties.archived {
        let message = "its store entry is archived: Windows passes over it";
        add(Finding::new(&trust_restricted::ARCHIVED, message).expected("not archived").found("archived"));
    }
}

#[cfg(test)]
#[allow(clippy::print_stderr)]
mod tests {
    use super::*;
    use crate::certificate::Oid;
    use crate::cmg::profile::ProfileName;
    use crate::cmg::rules::checks::{self, at_places, client, in_store, occurrence};
    use crate::cmg::testing::{Draft, element, now, oid_content, sequence};
    use crate::source::{Format, Restrictions};

    fn pc() -> Certificate {
        Draft::client("pc1.contoso.com").issued()
    }

    /// A self-signed CA whose signature holds.
    fn real_root() -> Certificate {
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "Contoso Root CA");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2040, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        Certificate::from_der(params.self_signed(&key).unwrap().der()).unwrap()
    }

    #[test]
    fn a_schema_version_1_template_is_information_and_a_newer_one_is_in_order() {
        let name: Vec<u8> = "Machine".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let v1 = Draft::client("pc1.contoso.com").with(oid::MS_TEMPLATE_NAME, element(0x1e, &name)).issued();
        assert_eq!(client(&v1), ["template/version-1"]);
        let v2 =
            sequence(&[element(6, &oid_content("1.3.6.1.4.1.311.21.8.1.2")), element(2, &[100]), element(2, &[3])]);
        let v2 = Draft::client("pc1.contoso.com").with(oid::MS_TEMPLATE, v2).issued();
        assert_eq!(client(&v2), [""; 0]);
        let expecting = |template: &str| {
            let settings = format!("[parameters]\ntemplates = [\"{template}\"]\n");
            [&v1, &v2, &pc()].map(|one| checks::labels(&checks::with_settings(one, Part::EndEntity, &settings)))
        };
        let (one, unexpected) = ("template/version-1".to_owned(), "template/unexpected".to_owned());
        assert_eq!(expecting("machine"), [vec![one.clone()], vec![unexpected.clone()], vec![unexpected.clone()]]);
        assert_eq!(expecting("1.3.6.1.4.1.311.21.8.1.2"), [vec![one, unexpected.clone()], vec![], vec![unexpected]]);
    }

    #[test]
    fn what_the_site_made_is_found_in_both_parts() {
        let issuing = Draft::ca("SMS Issuing").self_signed();
        assert_eq!(checks::found(&issuing.certificate, Part::Root, ProfileName::Client), ["site-generated/ca"]);
        let leaf = Draft::client("srv1.contoso.com").issued_by(&issuing).certificate;
        assert_eq!(client(&leaf), ["site-generated/certificate"]);
    }

    #[test]
    fn a_public_root_is_found_by_its_fingerprint() {
        let folder = std::env::var_os("CERTPATH_CORPORA").map_or_else(
            || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora"),
            std::path::PathBuf::from,
        );
        let Ok(text) = std::fs::read(folder.join("real_cas/pool_roots_debian/ISRG_Root_X1.crt")) else {
            return eprintln!("not run: a_public_root_is_found_by_its_fingerprint, no real_cas corpus");
        };
        let root = Certificate::from_der(pem::parse(text).unwrap().contents()).unwrap();
        assert_eq!(checks::found(&root, Part::Root, ProfileName::Client), ["public-root/public"]);
    }

    #[test]
    fn what_is_not_self_signed_among_the_roots_is_found() {
        let intermediate =
            Draft::ca("Contoso Issuing CA 1").issued_by(&Draft::ca("Contoso Root CA").self_signed()).certificate;
        let place = |store| [occurrence(Format::WindowsStore, in_store(store))];
        let found = at_places(&intermediate, Part::Intermediate, &place("Root"));
        assert_eq!(found, ["store-placement/not-self-signed-in-root"]);
        assert_eq!(at_places(&intermediate, Part::Intermediate, &place("CA")), [""; 0]);
    }

    /// Among them are roots of MD5, whose signatures are not checked.
    #[test]
    fn what_windows_has_among_its_roots_is_in_place() {
        let folder = std::env::var_os("CERTPATH_CORPORA").map_or_else(
            || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora"),
            std::path::PathBuf::from,
        );
        let Ok(roots) = std::fs::read_dir(folder.join("real_cas/pool_roots_windows")) else {
            return eprintln!("not run: what_windows_has_among_its_roots_is_in_place, no real_cas corpus");
        };
        let place = [occurrence(Format::WindowsStore, in_store("Root"))];
        let mut misplaced = Vec::new();
        for file in roots {
            let path = file.unwrap().path();
            let root = Certificate::from_der(pem::parse(std::fs::read(&path).unwrap()).unwrap().contents()).unwrap();
            if at_places(&root, Part::Root, &place).iter().any(|found| found.starts_with("store-placement")) {
                misplaced.push(path);
            }
        }
        assert_eq!(misplaced, Vec::<std::path::PathBuf>::new());
    }

    #[test]
    fn a_root_among_the_intermediates_is_found() {
        let root = real_root();
        let place = |store| [occurrence(Format::SerializedStore, in_store(store))];
        assert_eq!(at_places(&root, Part::Root, &place("ca")), ["store-placement/root-among-intermediates"]);
        assert_eq!(at_places(&root, Part::Root, &place("Root")), [""; 0]);
    }

    #[test]
    fn what_the_disallowed_store_holds_is_found_once() {
        let place = occurrence(Format::RegistryExport, in_store("Disallowed"));
        assert_eq!(at_places(&pc(), Part::EndEntity, &[place.clone(), place]), ["disallowed/listed"]);
    }

    #[test]
    fn limits_of_a_store_entry_are_found_where_they_concern_the_purpose() {
        let with = |change: &dyn Fn(&mut Restrictions)| {
            let mut properties = in_store("Root");
            change(&mut properties.restrictions);
            let root = real_root();
            at_places(&root, Part::Root, &[occurrence(Format::SerializedStore, properties)])
        };
        let server = || Some(vec![Oid::from_content(oid::SERVER_AUTH)]);
        let client = || Some(vec![Oid::from_content(oid::CLIENT_AUTH)]);
        assert_eq!(with(&|limits| limits.enhanced_key_usage = server()), ["trust-restricted/usage"]);
        assert_eq!(with(&|limits| limits.enhanced_key_usage = Some(Vec::new())), ["trust-restricted/usage"]);
        assert_eq!(with(&|limits| limits.enhanced_key_usage = client()), [""; 0]);
        assert_eq!(with(&|limits| limits.disallowed_from = Some(now())), ["trust-restricted/disallowed-from"]);
        assert_eq!(
            with(&|limits| {
                limits.disallowed_from = Some(now());
                limits.disallowed_usages = server();
            }),
            [""; 0]
        );
        assert_eq!(with(&|limits| limits.not_before = Some(now())), ["trust-restricted/not-before"]);
    }

    #[test]
    fn an_archived_certificate_is_found() {
        let properties = Properties { archived: true, ..in_store("My") };
        let found = at_places(&pc(), Part::EndEntity, &[occurrence(Format::SerializedStore, properties)]);
        assert_eq!(found, ["key-provider/unknown", "trust-restricted/archived"]);
    }
}
