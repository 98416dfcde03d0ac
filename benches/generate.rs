//! Makes the certificates that the measurements read: a root, an issuing CA and any number of client certificates, fast.
//!
//! `cargo bench --bench generate -- 10000 DIR [rsa|ec] [folder|pem|p7b|sst] [CAs between]` writes DIR/root.cer, DIR/issuing.cer and the
//! clients.

#![allow(clippy::print_stdout, reason = "a measurement is there to be printed")]

#[allow(dead_code)]
#[path = "../src/der_writer.rs"]
mod der_writer;
mod made;

use std::path::Path;

use made::Layout;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let (Some(count), Some(folder)) = (arguments.first().and_then(|count| count.parse().ok()), arguments.get(1)) else {
        // `cargo bench` without arguments runs every bench: this one has nothing to measure.
        return;
    };
    let kind = arguments.get(2).map_or("rsa", String::as_str);
    let layout = match arguments.get(3).map_or("folder", String::as_str) {
        "pem" => Layout::Pem,
        "p7b" => Layout::Pkcs7,
        "sst" => Layout::SerializedStore,
        _ => Layout::Folder,
    };
    let depth = arguments.get(4).and_then(|depth| depth.parse().ok()).unwrap_or(0);
    made::make(Path::new(folder), count, kind, layout, depth);
    println!("{count} client certificates in {folder}");
}
