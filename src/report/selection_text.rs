//! What each step of Configuration Manager's own selections leaves, for people: the connection point's in the words of its log,
//! so that the two can be held side by side.

use std::io::{self, Write};

use crate::ops::SelectionCounts;
use crate::report::sanitize::terminal;
use crate::report::style::{Style, Tint, grouped};
use crate::report::table::{self, Cell, Column};

/// Where a selection was asked for, and leaves nobody.
pub(crate) const NONE_LEFT: &str = "No certificate here is a client certificate that --issuer, --select or --first ask for. \
                                    \"Passed over\" below tells why of each: correct the option, or add the certificate.";

/// The words of SMS_Cloud_ProxyConnector.log for each step.
const LOGGED: [&str; 4] = ["digital signature", "allowed root CA", "private key", "client auth"];

/// A line as the connection point's log has it.
pub(crate) fn logged(step: usize, left: u64) -> String {
    format!("Filtered cert count with {}: {left}", LOGGED.get(step).copied().unwrap_or_default())
}

/// How many end-entity certificates were passed over, by reason.
pub(crate) fn passed_over(out: &mut dyn Write, style: &Style, reasons: &[(String, u64)]) -> io::Result<()> {
    if reasons.is_empty() {
        return Ok(());
    }
    style.heading(out, "Passed over")?;
    for (reason, number) in reasons {
        style.hanging(out, "  - ", "    ", &format!("{}: {}", grouped(*number), terminal(reason)))?;
    }
    Ok(())
}

/// Writes both selections.
pub(crate) fn write(out: &mut dyn Write, style: &Style, counts: &SelectionCounts) -> io::Result<()> {
    style.heading(out, "What ConfigMgr's own selection leaves, step by step")?;
    const COLUMNS: &[Column] = &[Column::new("LEFT", 0).right(), Column::new("OF WHICH EACH", 0).narrows_to(24)];
    let before = (counts.client.considered, "is an end-entity certificate found here");
    let steps = counts.client.steps.iter().map(|step| (step.left, step.title));
    let rows: Vec<(u64, &str)> = std::iter::once(before).chain(steps).collect();
    table::write(out, style, "  ", COLUMNS, &rows, |(left, title)| {
        vec![Cell::new(grouped(*left)), Cell::tinted(*title, if *left == 0 { Tint::Bad } else { Tint::Plain })]
    })?;
    writeln!(out, "  The CMG connection point would log in SMS_Cloud_ProxyConnector.log:")?;
    for (step, count) in counts.connection_point.steps.iter().enumerate() {
        let tint = if count.left == 0 { Tint::Bad } else { Tint::Plain };
        writeln!(out, "    {}", style.paint(tint, &logged(step, count.left)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmg::funnel::Funnel;

    #[test]
    fn each_step_shows_what_it_leaves_and_the_log_is_quoted_in_its_own_words() {
        let (mut client, mut connection_point) = (Funnel::client(), Funnel::connection_point());
        client.count([true; 6]);
        client.count([true, true, false, true, true, true]);
        connection_point.count([true; 4]);
        connection_point.count([true, true, true, false]);
        let counts = SelectionCounts { client: client.counts(), connection_point: connection_point.counts() };
        let mut out = Vec::new();
        write(&mut out, &Style { width: Some(80), ..Style::default() }, &counts).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        assert!(lines.contains(&"2  is in the Personal store of the computer"), "{text}");
        assert!(lines.contains(&"1  is valid, not revoked, and its private key is there"), "{text}");
        // As Microsoft's page on the log shows it.
        assert_eq!(
            lines[lines.len() - 4..],
            [
                "Filtered cert count with digital signature: 2",
                "Filtered cert count with allowed root CA: 2",
                "Filtered cert count with private key: 2",
                "Filtered cert count with client auth: 1",
            ]
        );
    }
}
