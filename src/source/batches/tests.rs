use super::*;
use crate::source::contents::{Found, Kind};
use crate::source::sniff::{Content, sniff_text};
use crate::source::testing::{base64, certificate, certificate_block, without_passwords};
use proptest::prelude::*;

const BLOCKS: Layout = Layout::Blocks { newline: b'\n' };

fn layout(text: &[u8]) -> Layout {
    match sniff_text(text) {
        Content::CertutilView(view) => Layout::Rows(view),
        Content::CertutilCsv(table) => Layout::Table(table),
        _ => Layout::Blocks { newline: lines::newline(text) },
    }
}

fn in_batches(text: &[u8], batch: usize) -> (Contents, usize) {
    let mut contents = Contents::default();
    let mut count = 0;
    for batch in Batches::new(text, layout(text), true, None).with_batch(batch) {
        contents.append(batch.read(without_passwords()));
        count += 1;
    }
    (contents, count)
}

fn whole(text: &[u8]) -> Contents {
    match layout(text) {
        Layout::Blocks { .. } => pem::read(text, without_passwords()).resolve(true),
        Layout::Rows(view) => view.read(text, 1, without_passwords()).resolve(true),
        Layout::Table(table) => table.read(text, 1, true, without_passwords()),
    }
}

/// What is compared of an object.
fn key(found: &Found) -> (Kind, String, Position, Option<String>) {
    use sha2::Digest as _;
    let hash = sha2::Sha256::digest(&found.der)[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    let id = found.properties.as_ref().and_then(|properties| properties.request_id.clone());
    (found.kind, hash, found.position, id)
}

fn assert_same(text: &[u8], batch: usize) {
    let (batched, whole) = (in_batches(text, batch).0, whole(text));
    assert_eq!(batched.found.iter().map(key).collect::<Vec<_>>(), whole.found.iter().map(key).collect::<Vec<_>>());
    let mut faults = [batched.faults, whole.faults];
    faults.iter_mut().for_each(|faults| faults.sort_by(|a, b| (a.position, &a.message).cmp(&(b.position, &b.message))));
    assert_eq!(faults[0], faults[1]);
}

#[test]
fn what_is_too_long_to_be_read_beside_blocks_is_told_by_each_mebibyte_of_it() {
    let certificates: Vec<u8> = (0..4000).flat_map(certificate).collect();
    let prose = "Certificates of the issuing CA\n".repeat(30_000).into_bytes();
    assert!(prose.len() < between::MOST);
    let behind_prose = [&prose[..], &certificates].concat();
    for joined in [certificates.clone(), base64(&certificates).into_bytes(), base64_lines(&certificates), behind_prose]
    {
        assert!(joined.len() > between::MOST);
        for repeats in [1, 3] {
            let text = [
                certificate_block(0).into_bytes(),
                joined.repeat(repeats),
                b"\n\n".to_vec(),
                certificate_block(1).into_bytes(),
            ];
            let contents = in_batches(&text.concat(), 100_000).0;
            assert_eq!(contents.found.len(), 2);
            assert!(contents.faults.iter().all(|fault| fault.code == ProblemCode::Limit));
            // Of base64 of one thing the beginning is told, of things one behind the other those in each part.
            let parts = (joined.len() * repeats).div_ceil(between::MOST);
            let told = if joined == certificates { parts - 1..=parts } else { 1..=parts };
            assert!(told.contains(&contents.faults.len()), "{}: {parts}", contents.faults.len());
            assert_same(&text.concat(), 100_000);
        }
    }
    let prose =
        [certificate_block(0), "Certificates of the issuing CA\n".repeat(50_000), certificate_block(1)].concat();
    assert_eq!(in_batches(prose.as_bytes(), 100_000).0.faults, []);
}

#[test]
fn a_certificate_far_within_a_long_text_is_told_wherever_it_stands() {
    let noise = |length: usize| {
        let bytes: Vec<u8> =
            (0..length as u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        base64_lines(&bytes)
    };
    let attached = base64_lines(&certificate(2));
    // Among them so much that it begins right before the end of a part that is searched by itself.
    let lines = between::MOST / 78;
    let ends = [3, 2, 1].map(|line| (lines - line) * 57);
    for before in [700_000, 1_000_000, 2_300_000, 3_500_000].into_iter().chain(ends) {
        let mail =
            [&noise(before)[..], b"\r\n--part\r\n\r\n", &attached, b"\r\n--part--\r\n", &noise(1_200_000)].concat();
        let line = 1 + mail.iter().take(noise(before).len()).filter(|byte| **byte == b'\n').count() as u64 + 3;
        for text in [&[certificate_block(0).as_bytes(), &mail][..], &[&mail, certificate_block(0).as_bytes()]] {
            let contents = in_batches(&text.concat(), 100_000).0;
            let is_behind = text[0].len() < text[1].len();
            let line = if is_behind { line + certificate_block(0).lines().count() as u64 } else { line };
            let told: Vec<_> = contents.faults.iter().map(|fault| (fault.code, fault.position)).collect();
            assert_eq!(told, [(ProblemCode::Limit, Position::Line(line))], "{before}");
            for batch in [50_000, 100_000, 256 * 1024, 3_000_000] {
                assert_same(&text.concat(), batch);
            }
        }
    }
}

#[test]
fn what_is_read_does_not_hang_on_where_a_batch_of_a_long_text_ends() {
    let prose = |length: usize| "Certificates of the issuing CA\n".repeat(length / 31).into_bytes();
    let attached = base64_lines(&certificate(2));
    for before in [0, 100_000, 200_000] {
        for length in [900_000, 1_500_000, 2_000_000, 3_000_000] {
            let [first, last] = [0, 1].map(|number| certificate_block(number).into_bytes());
            let attached = [b"\n", &attached[..], b"\n"].concat();
            let text = [prose(before), first, prose(100_000), attached, prose(length), last].concat();
            for batch in [100_000, 256 * 1024, 1_000_000] {
                assert_same(&text, batch);
            }
        }
    }
}

fn base64_lines(bytes: &[u8]) -> Vec<u8> {
    base64(bytes).as_bytes().chunks(76).flat_map(|line| [line, b"\r\n"].concat()).collect()
}

#[test]
fn batches_give_what_the_whole_gives_and_are_several() {
    let text: String = (0..200).map(certificate_block).collect();
    let (contents, count) = in_batches(text.as_bytes(), 5000);
    assert_eq!(contents.found.len(), 200);
    assert!(count > 5, "{count} batches");
    assert_same(text.as_bytes(), 5000);
}

#[test]
fn lines_are_counted_alike_in_a_batch_that_has_no_line_feed() {
    let damaged = certificate_block(1).replacen("\nMII", "\nM.I", 1);
    let rows: String = (1..9).map(|number| format!("\"{number}\",\"{damaged}\"\n")).collect();
    let table = format!("\"Issued Request ID\",\"Binary Certificate\"\r\"\",\"x\"\r{rows}");
    let text = format!("a\rb\rc\r-----END CERTIFICATE-----\n{}", damaged.repeat(8));
    for batch in [16, 40, 64, 100, 1000, 5000] {
        assert_same(table.as_bytes(), batch);
        assert_same(text.as_bytes(), batch);
    }
}

#[test]
fn a_long_text_without_a_block_does_not_grow() {
    let text = [vec![b'x'; 30_000_000], certificate_block(0).into_bytes(), vec![b'y'; 30_000_000]].concat();
    let mut largest = 0;
    let mut found = 0;
    for batch in Batches::new(text.as_slice(), BLOCKS, true, None).with_batch(100_000) {
        largest = largest.max(batch.text.len());
        found += batch.read(without_passwords()).found.len();
    }
    assert_eq!(found, 1);
    assert!(largest < 4 * between::MOST, "{largest}");
}

#[test]
fn a_block_without_an_end_is_limited_and_what_follows_is_read() {
    let line = [b"A".repeat(64), b"\n".to_vec()].concat();
    let text =
        [b"-----BEGIN CERTIFICATE-----\n".to_vec(), line.repeat(700_000), certificate_block(0).into_bytes()].concat();
    let (contents, _) = in_batches(&text, BATCH);
    assert_eq!(contents.found.len(), 1);
    assert!(
        contents.faults.iter().any(|fault| fault.code == ProblemCode::Limit && fault.position == Position::Line(1))
    );
}

#[test]
fn an_endless_text_comes_to_an_end() {
    let nothing = Fault::new(ProblemCode::Empty, Position::Whole, "nothing");
    let mut batches = Batches::new(io::repeat(b'y'), BLOCKS, true, Some(nothing)).with_batch(64 * 1024 * 1024);
    let last = batches.by_ref().last().unwrap();
    assert_eq!(last.faults[0].code, ProblemCode::Limit);
    assert!(batches.next().is_none());
    // Where nobody said that it holds certificates, it is simply something else.
    let mut batches = Batches::new(io::repeat(b'y'), BLOCKS, false, None).with_batch(64 * 1024 * 1024);
    assert!(batches.all(|batch| batch.faults.is_empty()));
}

#[test]
fn boundaries_with_nothing_between_them_come_to_an_end() {
    struct Repeated(&'static [u8]);
    impl Read for Repeated {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let lines = buffer.chunks_mut(self.0.len()).map(|line| line.copy_from_slice(&self.0[..line.len()]));
            Ok(lines.map(|()| self.0.len()).sum::<usize>().min(buffer.len()))
        }
    }
    for lines in [&b"-----BEGIN CERTIFICATE-----\n"[..], b"-----BEGIN X-----\nnone\n-----END X-----\n"] {
        let mut batches = Batches::new(Repeated(lines), BLOCKS, true, None).with_batch(64 * lines.len());
        batches.gap = MAX_GAP - 100_000;
        let last = Iterator::take(batches.by_ref(), 1000).last().unwrap();
        assert_eq!(last.faults.first().map(|fault| fault.code), Some(ProblemCode::Limit));
        assert!(batches.next().is_none());
    }
}

#[test]
fn an_error_while_reading_keeps_what_was_read() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let text = certificate_block(0);
    let batches = Batches::new(text.as_bytes().chain(Failing), BLOCKS, true, None);
    let mut contents = Contents::default();
    batches.for_each(|batch| contents.append(batch.read(without_passwords())));
    assert_eq!(contents.found[0].der, certificate(0));
    assert_eq!(contents.faults[0].code, ProblemCode::Unreadable);
    assert!(contents.faults[0].message.contains("the disk is gone"));
}

#[test]
fn what_to_say_of_nothing_is_said_only_then() {
    let nothing = || Some(Fault::new(ProblemCode::Empty, Position::Whole, "nothing"));
    let faults = |text: &str| {
        let mut contents = Contents::default();
        Batches::new(text.as_bytes(), BLOCKS, true, nothing())
            .for_each(|batch| contents.append(batch.read(without_passwords())));
        contents.faults.len()
    };
    assert_eq!(faults("no block at all"), 1);
    assert_eq!(faults(&certificate_block(0)), 0);
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (0..8usize).prop_map(certificate_block),
        1 => (0..8usize).prop_map(|number| certificate_block(number).replacen("MII", "M!I", 1)),
        1 => (0..8usize).prop_map(|number| certificate_block(number).replace("-----END CERTIFICATE-----", "")),
        1 => (0..8usize).prop_map(|number| certificate_block(number).replace("CERTIFICATE", "PUBLIC KEY")),
        1 => (0..8usize).prop_map(|number| certificate_block(number).replace("CERTIFICATE", "EC PRIVATE KEY")),
        1 => Just("-----END CERTIFICATE-----\n".to_owned()),
        1 => Just("-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----\n".to_owned()),
        1 => (0..8usize).prop_map(|number| String::from_utf8(base64_lines(&certificate(number))).unwrap()),
        2 => "[ -,.-~\n]{0,120}\n",
    ]
}

/// Boundaries whose dashes can be read as more than one.
fn ragged() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("-----BEGIN CERTIFICATE-----\n".to_owned()),
        Just("-----END CERTIFICATE-----\n".to_owned()),
        Just("-----BEGIN CERTIFICATE-x".to_owned()),
        Just("-----END CERTIFICATE-x".to_owned()),
        Just("-----BEGIN ".to_owned()),
        Just("-----END ".to_owned()),
        Just("-----".to_owned()),
        "[-\",\nM]{1,3}",
        (0..8usize).prop_map(certificate_block),
    ];
    prop::collection::vec(part, 1..8).prop_map(|parts| parts.concat())
}

#[test]
fn blank_lines_at_a_cut_are_counted_to_the_row_before() {
    let damaged = base64(&certificate(1)).replacen("MII", "M.I", 1);
    let row = format!("1,{}\n\n\n2,{damaged}\n\n\"3\",\"x\"\n\n", base64(&certificate(2)));
    let table = format!("Issued Request ID,Binary Certificate\n{}", row.repeat(6));
    assert!(matches!(layout(table.as_bytes()), Layout::Table(_)));
    for batch in (16..3000).step_by(7) {
        assert_same(table.as_bytes(), batch);
    }
}

#[test]
fn a_table_that_has_sizes_in_place_of_certificates_further_on_says_so() {
    let rows: String = (1..100).map(|number| format!("\"{number}\",\"EMPTY\"\n")).collect();
    let table = format!("\"Issued Request ID\",\"Binary Certificate\"\n{rows}\"100\",\"1657 Bytes\"\n");
    for batch in [64, 200, 1_000_000] {
        let faults = in_batches(table.as_bytes(), batch).0.faults;
        assert_eq!(faults.len(), 1, "{batch}: {faults:?}");
        assert!(certutil::tells_sizes(&faults[0]) && faults[0].position == Position::Line(101), "{faults:?}");
    }
}

#[test]
fn a_row_with_a_size_is_searched_for_what_stands_beside_it_whether_or_not_sizes_were_told() {
    let cut_off = &base64(&certificate(0))[..100];
    let row = format!("\"2 (0x2)\",\"-\n{cut_off}---\"---x\n");
    let table = format!("\"Binary Certificate\"\n{}", row.repeat(4));
    assert!(matches!(layout(table.as_bytes()), Layout::Table(_)));
    let told = whole(table.as_bytes()).faults;
    assert_eq!(told.iter().filter(|fault| fault.code == ProblemCode::Truncated).count(), 4, "{told:?}");
    for batch in [64, 128, 200, 300, 400] {
        let parts = in_batches(table.as_bytes(), batch).0.faults;
        assert_eq!(parts.iter().filter(|fault| fault.code == ProblemCode::Truncated).count(), 4, "{batch}: {parts:?}");
    }
}

#[test]
fn a_heading_behind_other_lines_is_not_read_as_a_row() {
    let rows: String = (1..4).map(|number| format!("{number}\t{}\r\n", base64(&certificate(number)))).collect();
    let heading = format!("Issued Request ID\t\"Binary Certificate\"{}", "x".repeat(70));
    for before in ["\t\t\t\r\n", "\r\n", "sep=\t\r\n\t\r\n", "#TYPE \"Selected\tRow\r\n"] {
        let table = format!("{before}{heading}\r\n{rows}");
        assert!(matches!(layout(table.as_bytes()), Layout::Table(_)));
        assert_eq!(whole(table.as_bytes()).found.len(), 3);
        for batch in [8, 64, 160, 1000] {
            assert_same(table.as_bytes(), batch);
        }
    }
}

#[test]
fn line_ends_before_a_row_belong_to_what_stands_before_it_in_batches_too() {
    let heading = b"\"Issued Request ID\",\"Binary Certificate\"\r\n".as_slice();
    let row = |number: usize| format!("\"{number}\",\"{}\"\r\n", certificate_block(number)).into_bytes();
    // Signed data of indefinite length that holds nothing.
    let oid = |last: u8| [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, last];
    let signed = [&[0x30, 0x80, 2, 1, 1, 0x31, 0, 0x30, 0x80][..], &oid(1), &[0, 0, 0x31, 0, 0, 0]].concat();
    let object = [&[0x30, 0x80][..], &oid(2), &[0xa0, 0x80], &signed, &[0; 4]].concat();
    let beside = [&object[..], &[0xc0; 40], &b"\r".repeat(19)].concat();
    let text = [heading, &[row(0), beside, row(2)].concat().repeat(6)].concat();
    assert!(matches!(layout(&text), Layout::Table(_)));
    let faults = whole(&text).faults;
    assert!(faults.iter().any(|fault| fault.message.contains("more bytes")), "{faults:?}");
    for batch in (16..3000).step_by(7) {
        assert_same(&text, batch);
    }
}

#[test]
fn the_mark_of_a_table_that_was_joined_is_no_part_of_its_first_cell() {
    let rows = |from: usize| (from..from + 3).map(|number| format!("{number},{}\r\n", base64(&certificate(number))));
    let cells = |from: usize| rows(from).map(|row| row.split_once(',').unwrap().1.to_owned() + "\r\n");
    for text in [
        format!("RequestID,RawCertificate\r\n{}", rows(0).map(|row| format!("\u{feff}{row}")).collect::<String>()),
        format!(
            "RawCertificate,Name\r\n{}",
            cells(0).map(|cell| format!("\u{feff}{}", cell.replace('\r', ",x\r"))).collect::<String>()
        ),
    ] {
        assert!(matches!(layout(text.as_bytes()), Layout::Table(_)));
        let all = whole(text.as_bytes());
        assert_eq!((all.found.len(), all.faults.as_slice()), (3, &[][..]));
        let ids = all.found.iter().filter_map(|found| found.properties.as_ref()?.request_id.as_deref());
        assert_eq!(ids.collect::<Vec<_>>(), if text.starts_with("RequestID") { vec!["0", "1", "2"] } else { vec![] });
        for batch in (16..3000).step_by(7) {
            assert_same(text.as_bytes(), batch);
        }
    }
}

#[test]
fn a_boundary_in_the_label_of_another_is_cut_where_it_is_read() {
    let ragged = "-----BEGIN CERTIFICATE-expected \"-----END CERTIFICATE-----\", found \"-----E\n-----END CERTIFICATE-expected \"-----\n";
    let block = certificate_block(1);
    let table: String = (1..9).map(|number| format!("\"{number}\",\"{ragged}\"\n\"{number}\",\"{block}\"\n")).collect();
    let table = format!("\"Issued Request ID\",\"Binary Certificate\"\n{table}");
    let text = format!("{ragged}{block}").repeat(8);
    for batch in (64..4000).step_by(16) {
        assert_same(table.as_bytes(), batch);
        assert_same(text.as_bytes(), batch);
    }
}

#[test]
fn what_stands_beside_blocks_and_rows_is_the_same_in_batches_of_any_size() {
    let store = [&b"\0\0\0\0CERT"[..], &crate::source::store_properties::tests::element(32, &certificate(2)), &[0; 12]];
    let beside = [
        certificate(1),
        b"\n# the next one\n".to_vec(),
        base64_lines(&store.concat()),
        b"\n\n".to_vec(),
        base64_lines(certificate_block(3).as_bytes()),
        vec![0; 100],
        store.concat(),
        format!("A,{}\n", base64(&certificate(4))).into_bytes(),
    ]
    .concat();
    let one = [certificate_block(0).as_bytes(), &beside].concat();
    let row = [b"Row 1:\n  Issued Request ID: 0x1 (1)\n".as_slice(), &one].concat();
    let schema = b"Schema:\n  RawCertificate  Binary Certificate  Binary\n\n".as_slice();
    let heading = b"\"RequestID\",\"RawCertificate\"\n".as_slice();
    let line = [&[b"\"1\",\"", certificate_block(0).as_bytes(), b"\"\n"].concat(), &beside[..]].concat();
    for batch in (64..8000).step_by(97) {
        assert_same(&[heading, &line.repeat(8)].concat(), batch);
    }
    for text in [one.repeat(8), [schema, &row.repeat(8)].concat()] {
        let found = whole(&text).found;
        assert_eq!(found.len(), 8 * 6);
        // What is no column has no request ID.
        assert_eq!(found.iter().filter(|found| found.properties.is_some()).count() % 8, 0);
        for batch in (64..8000).step_by(97) {
            assert_same(&text, batch);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn ragged_boundaries_give_the_same_in_batches_of_any_size(
        parts in prop::collection::vec(ragged(), 1..12),
        batch in 16..2000usize,
    ) {
        assert_same(parts.concat().as_bytes(), batch);
        let row = |(number, part): (usize, &String)| format!("\"{number}\",\"{part}\"\n");
        let table: String = parts.iter().enumerate().map(row).collect();
        assert_same(format!("\"Issued Request ID\",\"Binary Certificate\"\n{table}").as_bytes(), batch);
        let row = |(number, part): (usize, &String)| format!("Row {number}:\n  Issued Request ID: 0x1 (1)\n{part}\n");
        let rows: String = parts.iter().enumerate().map(row).collect();
        assert_same(format!("Schema:\n  RawCertificate  Binary Certificate  Binary\n\n{rows}").as_bytes(), batch);
    }

    #[test]
    fn any_text_gives_the_same_in_batches_of_any_size(pieces in prop::collection::vec(piece(), 0..30), batch in 64..4000usize) {
        assert_same(pieces.concat().as_bytes(), batch);
        let row = format!("\"1\",\"{}\"\n", certificate_block(0));
        assert_same(format!("\"Issued Request ID\",\"Binary Certificate\"\n{}", pieces.join(&row)).as_bytes(), batch);
        let row = format!("Row 1:\n  Issued Request ID: 0x1 (1)\n{}", certificate_block(0));
        assert_same(format!("Schema:\n  RawCertificate  Binary Certificate  Binary\n\n{}", pieces.join(&row)).as_bytes(), batch);
    }

    #[test]
    fn rows_of_certutil_give_the_same_in_batches_of_any_size(
        rows in prop::collection::vec((0..8usize, 1..100_000u32, any::<bool>()), 1..20),
        batch in 64..4000usize,
    ) {
        let mut text = "Schema:\r\n  RequestID   Issued Request ID  Long\r\n  RawCertificate  Binary Certificate  Binary\r\n\r\n".to_owned();
        for (index, (number, id, before)) in rows.iter().enumerate() {
            let id = format!("  Issued Request ID: 0x{id:x} ({id})\r\n");
            let (first, last) = if *before { (id.as_str(), "") } else { ("", id.as_str()) };
            text += &format!("Row {}:\r\n{first}  Binary Certificate:\r\n{}{last}\r\n", index + 1, certificate_block(*number));
        }
        prop_assert!(matches!(layout(text.as_bytes()), Layout::Rows(_)));
        assert_same(text.as_bytes(), batch);
    }

    #[test]
    fn tables_with_any_heading_and_damage_give_the_same_in_batches_of_any_size(
        cells in prop::collection::vec((0..8usize, 0..7usize), 1..20),
        heading in 0..3usize,
        batch in 64..4000usize,
    ) {
        let heading = ["RequestID,RawCertificate", "Anforderungs-ID,Binärzertifikat", "Name,Raw"][heading];
        let mut text = format!("{heading}\n0,{}\n", base64(&certificate(0)));
        for (number, form) in cells {
            let bare = base64(&certificate(number));
            let cell = match form {
                0 => bare.replacen("MII", "M!I", 1),
                1 => bare[..150].to_owned(),
                2 => "EMPTY".to_owned(),
                3 => format!("\"{}\"", certificate_block(number)),
                4 => format!("0x{}", certificate(number).iter().map(|byte| format!("{byte:02X}")).collect::<String>()),
                5 => "what stands in this cell is neither a certificate nor anything that says there is none".to_owned(),
                _ => bare,
            };
            text += &format!("{number},{cell}\n");
        }
        prop_assert!(matches!(layout(text.as_bytes()), Layout::Table(_)));
        assert_same(text.as_bytes(), batch);
    }

    #[test]
    fn tables_give_the_same_in_batches_of_any_size(
        rows in prop::collection::vec((0..8usize, 1..100_000u32, any::<bool>()), 1..20),
        batch in 64..4000usize,
    ) {
        let mut text = "\"RequestID\",\"Name\",\"RawCertificate\"\r\n".to_owned();
        for (number, id, is_pem) in &rows {
            let cell = if *is_pem { certificate_block(*number) } else { base64(&certificate(*number)) };
            text += &format!("\"{id}\",\"a \"\"b\"\"\r\nc\",\"{cell}\"\r\n");
        }
        prop_assert!(matches!(layout(text.as_bytes()), Layout::Table(_)));
        assert_same(text.as_bytes(), batch);
    }
}
