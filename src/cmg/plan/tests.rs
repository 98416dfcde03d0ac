use super::*;

fn one(identity: Identity, location: Location, mode: ManagementPoint, method: Option<Authentication>) -> PlanRow {
    let query = Query {
        identity: Some(identity),
        location: Some(location),
        management_point: Some(mode),
        authentication: method,
    };
    let mut rows = plan(&query).rows;
    assert_eq!(rows.len(), 1, "{query:?}");
    rows.remove(0)
}

/// The page's two tables, copied from its text a second time: rows and columns as they stand there.
const PAGE: &[(&str, &str, &str)] = &[
    ("internet", "Workgroup Note 1", "E-HTTP, HTTPS"),
    ("internet", "AD domain-joined Note 1", "E-HTTP, HTTPS"),
    ("internet", "Microsoft Entra joined", "E-HTTP, HTTPS"),
    ("internet", "Hybrid-joined", "E-HTTP, HTTPS"),
    ("intranet", "Workgroup", "HTTP, HTTPS"),
    ("intranet", "AD domain-joined", "HTTP, HTTPS"),
    ("intranet", "Microsoft Entra joined", "HTTPS"),
    ("intranet", "Hybrid-joined", "HTTP, HTTPS"),
];

#[test]
fn the_tables_are_those_of_the_page_cell_by_cell() {
    let printed: Vec<(String, String, String)> = plan(&Query::default())
        .tables
        .iter()
        .map(|cell| {
            let modes: Vec<&str> = cell.management_points.iter().map(|mode| mode.label()).collect();
            let note = if cell.note_1 { " Note 1" } else { "" };
            (cell.location.name().into(), format!("{}{note}", cell.identity.label()), modes.join(", "))
        })
        .collect();
    let page: Vec<(String, String, String)> =
        PAGE.iter().map(|(table, row, cell)| ((*table).into(), (*row).into(), (*cell).into())).collect();
    assert_eq!(printed, page);
}

#[test]
fn every_combination_has_the_answer_of_the_page() {
    // identity, location, mode, method, supported, centric, upload, connection point certificate
    let expected = "\
        workgroup internet http entra no - no no\n workgroup internet http pki no - no no\n workgroup internet http token no - no no
        workgroup internet e-http entra no - no no\n workgroup internet e-http pki disputed device yes no\n workgroup internet e-http token yes device no no
        workgroup internet https entra no - no no\n workgroup internet https pki yes device yes yes\n workgroup internet https token yes device no no
        ad internet http entra no - no no\n ad internet http pki no - no no\n ad internet http token no - no no
        ad internet e-http entra no - no no\n ad internet e-http pki disputed device yes no\n ad internet e-http token yes device no no
        ad internet https entra no - no no\n ad internet https pki yes device yes yes\n ad internet https token yes device no no
        entra internet http entra no - no no\n entra internet http pki no - no no\n entra internet http token no - no no
        entra internet e-http entra yes device-and-user no no\n entra internet e-http pki disputed device yes no\n entra internet e-http token yes device no no
        entra internet https entra yes device-and-user no no\n entra internet https pki yes device yes yes\n entra internet https token yes device no no
        hybrid internet http entra no - no no\n hybrid internet http pki no - no no\n hybrid internet http token no - no no
        hybrid internet e-http entra yes device-and-user no no\n hybrid internet e-http pki disputed device yes no\n hybrid internet e-http token yes device no no
        hybrid internet https entra yes device-and-user no no\n hybrid internet https pki yes device yes yes\n hybrid internet https token yes device no no
        workgroup intranet http - yes device no no\n workgroup intranet e-http - yes device no no\n workgroup intranet https - yes device no no
        ad intranet http - yes device-and-user no no\n ad intranet e-http - yes device-and-user no no\n ad intranet https - yes device-and-user no no
        entra intranet http - disputed device no no\n entra intranet e-http - yes device-and-user no no\n entra intranet https - yes device-and-user no no
        hybrid intranet http - yes device no no\n hybrid intranet e-http - yes device-and-user no no\n hybrid intranet https - yes device-and-user no no";
    let expected: Vec<&str> = expected.lines().map(str::trim).collect();
    let yes = |flag| if flag { "yes" } else { "no" };
    let answered: Vec<String> = plan(&Query::default())
        .rows
        .iter()
        .map(|row| {
            format!(
                "{} {} {} {} {} {} {} {}",
                row.identity,
                row.location,
                row.management_point,
                row.authentication.map_or("-", Authentication::name),
                row.supported.name(),
                row.centric.map_or("-", Centric::name),
                yes(row.trusted_root_upload),
                yes(row.connection_point_certificate),
            )
        })
        .collect();
    assert_eq!(answered, expected);
}

#[test]
fn note_1_stands_at_workgroup_and_ad_clients_on_the_internet_alone() {
    for row in plan(&Query::default()).rows {
        let expected = row.location == Location::Internet
            && matches!(row.identity, Identity::Workgroup | Identity::AdDomainJoined);
        assert_eq!(row.notes.iter().any(|note| note.id == "note-1"), expected, "{row:?}");
    }
}

#[test]
fn http_is_deprecated_everywhere_and_says_so() {
    for row in plan(&Query::default()).rows {
        let http = row.management_point == ManagementPoint::Http;
        assert_eq!(row.deprecated, http);
        assert_eq!(row.notes.iter().any(|note| note.id == "http-deprecated"), http, "{row:?}");
    }
}

#[test]
fn what_is_disputed_says_by_whom() {
    for row in plan(&Query::default()).rows {
        let told = row.notes.iter().any(|note| matches!(note.id, "pki-with-enhanced-http" | "entra-http-disputed"));
        assert_eq!(row.supported == Supported::Disputed, told && row.supported != Supported::No, "{row:?}");
    }
}

#[test]
fn only_pki_through_the_cmg_needs_the_trusted_root() {
    for row in plan(&Query::default()).rows {
        let pki = row.authentication == Some(Authentication::Pki) && row.supported != Supported::No;
        assert_eq!(row.trusted_root_upload, pki);
        assert_eq!(row.switches.iter().any(|switch| switch.id == "upload-trusted-root"), pki);
        assert_eq!(
            row.connection_point_certificate,
            row.switches.iter().any(|switch| switch.id == "connection-point-certificate")
        );
    }
}

#[test]
fn entra_authentication_is_refused_for_devices_that_are_not_joined_to_it() {
    for identity in [Identity::Workgroup, Identity::AdDomainJoined] {
        for &location in Location::ALL {
            let row = one(identity, location, ManagementPoint::Https, Some(Authentication::EntraId));
            assert_eq!(row.supported, Supported::No);
            assert!(row.switches.is_empty());
            assert!(row.notes.iter().any(|note| note.id == "entra-identity"), "{row:?}");
        }
    }
}

#[test]
fn a_method_on_the_intranet_uploads_nothing() {
    let row = one(Identity::Workgroup, Location::Intranet, ManagementPoint::Https, Some(Authentication::Pki));
    assert_eq!((row.supported, row.trusted_root_upload), (Supported::Yes, false));
    assert!(!row.connection_point_certificate && row.client_certificate);
    assert!(row.notes.iter().any(|note| note.id == "cmg-only"));
}

#[test]
fn a_part_of_the_question_answers_all_that_is_left_open() {
    let all = plan(&Query::default());
    assert_eq!(all.rows.len(), 4 * 3 * 3 + 4 * 3);
    let https = plan(&Query { management_point: Some(ManagementPoint::Https), ..Query::default() });
    assert_eq!(
        https.rows,
        all.rows.iter().filter(|r| r.management_point.name() == "https").cloned().collect::<Vec<_>>()
    );
    let token = plan(&Query { authentication: Some(Authentication::Token), ..Query::default() });
    assert_eq!(token.rows.len(), 4 * 2 * 3);
}

#[test]
fn every_statement_belongs_to_some_combination_and_no_id_stands_twice() {
    let mut rows = plan(&Query::default()).rows;
    for &method in Authentication::ALL {
        rows.extend(plan(&Query { authentication: Some(method), ..Query::default() }).rows);
    }
    for statement in SWITCHES.iter().chain(NOTES) {
        assert!(
            rows.iter().any(|row| row.switches.iter().chain(&row.notes).any(|advice| advice.id == statement.id)),
            "{} applies to nothing",
            statement.id
        );
    }
    for list in [SWITCHES, NOTES] {
        for (index, statement) in list.iter().enumerate() {
            assert!(list[..index].iter().all(|other| other.id != statement.id), "{} twice", statement.id);
        }
    }
}

#[test]
fn names_are_those_of_the_command_line_and_others_are_told_the_choices() {
    assert_eq!("E-HTTP".parse::<ManagementPoint>(), Ok(ManagementPoint::EnhancedHttp));
    assert_eq!("ad".parse::<Identity>(), Ok(Identity::AdDomainJoined));
    let error = "kerberos".parse::<Authentication>().unwrap_err().to_string();
    assert_eq!(error, "`kerberos` is no client authentication: use one of entra, pki, token");
    for &method in Authentication::ALL {
        assert_eq!(serde_json::to_value(method).unwrap(), method.name());
    }
}

#[test]
fn the_record_is_what_its_schema_says() {
    let schema = serde_json::to_value(schemars::schema_for!(Plan)).unwrap();
    let record = serde_json::to_value(plan(&Query::default())).unwrap();
    assert_eq!(record["schema"], "certpath.plan/1");
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&record));
}
