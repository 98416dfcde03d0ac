//! The validity period.

use crate::certificate::Certificate;
use crate::cmg::catalogue::validity;
use crate::cmg::finding::Finding;
use crate::cmg::rules::{Looked, RuleContext};
use crate::time::Time;

/// Expired, not yet valid, or soon to expire.
pub(super) fn period(looked: &Looked<'_>, context: &RuleContext<'_>, found: &mut Vec<Finding>) {
    let certificate = looked.certificate;
    let at = context.at;
    let (Some(from), Some(to)) = (certificate.not_before(), certificate.not_after()) else {
        let message = "the validity period has a date that is none, so the certificate is never valid";
        found.push(Finding::new(&validity::EXPIRED, message).expected("two dates").found("unreadable"));
        return;
    };
    if at > to {
        let message = format!("it expired on {}, {}", to.date(), ago(to, at));
        found.push(Finding::new(&validity::EXPIRED, message).expected(format!("valid at {at}")).found(to.to_string()));
    } else if at < from {
        let message = format!("it is not valid before {from}");
        found
            .push(Finding::new(&validity::NOT_YET, message).expected(format!("valid at {at}")).found(from.to_string()));
    } else {
        let left = at.days_until(to);
        let limit = i64::from(context.settings.parameters.expiring_days);
        if limit > 0 && to.unix() - at.unix() <= limit * 86_400 {
            let message = format!("it expires on {}, in {}", to.date(), days(left));
            let finding = Finding::new(&validity::EXPIRING, message);
            found.push(finding.expected(format!("more than {limit} days")).found(left.to_string()));
        }
    }
}

fn days(count: i64) -> String {
    match count {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        _ => format!("{count} days"),
    }
}

/// How long ago something was, in the days that `daysLeft` has too.
fn ago(moment: Time, at: Time) -> String {
    let count = if at < moment.plus_days(1) { 0 } else { -at.days_until(moment) };
    format!("{} ago", days(count))
}

/// That a certificate is valid for longer than the one of its issuer. `issuer` is the one that lasts longest of those with
/// the key that signed it. What has expired, or whose issuer has, is told otherwise.
pub(crate) fn outlives_issuer(
    certificate: &Certificate,
    issuer: &Certificate,
    context: &RuleContext<'_>,
) -> Option<Finding> {
    let (own, above) = (certificate.not_after()?, issuer.not_after()?);
    if own <= above || own < context.at || above < context.at {
        return None;
    }
    let message =
        format!("it is valid to {}, its issuer {} only to {}", own.date(), issuer.short_subject(), above.date());
    let finding = Finding::new(&validity::OUTLIVES_ISSUER, message);
    Some(finding.expected(format!("{above} at the latest")).found(own.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmg::profile::ProfileName;
    use crate::cmg::rules::Part;
    use crate::cmg::rules::checks::{client, with_settings};
    use crate::cmg::settings::Settings;
    use crate::cmg::testing::{Draft, now};

    fn between(from: i64, to: i64) -> Certificate {
        let mut draft = Draft::client("pc1.contoso.com");
        (draft.not_before, draft.not_after) = (now().plus_days(from), now().plus_days(to));
        draft.issued()
    }

    #[test]
    fn expired_not_yet_valid_and_expiring_certificates_are_told_apart() {
        assert_eq!(client(&between(-300, -1)), ["validity/expired"]);
        assert_eq!(client(&between(1, 300)), ["validity/not-yet"]);
        assert_eq!(client(&between(-300, 29)), ["validity/expiring"]);
        assert_eq!(client(&between(-300, 30)), ["validity/expiring"]);
        assert_eq!(client(&between(-300, 31)), [""; 0]);
        assert_eq!(client(&between(-300, 0)), ["validity/expiring"], "the last moment belongs to it");
    }

    #[test]
    fn the_number_of_days_is_set_and_zero_switches_it_off() {
        let certificate = between(-300, 59);
        let found = |days: u32| {
            with_settings(&certificate, Part::EndEntity, &format!("[parameters]\nexpiring-days = {days}\n")).len()
        };
        assert_eq!((found(60), found(59), found(58), found(0)), (1, 1, 0, 0));
    }

    #[test]
    fn a_certificate_that_outlives_its_issuer_is_found() {
        let settings = Settings::default();
        let context = RuleContext::new(now(), &settings, ProfileName::Client);
        let issuer = |days| {
            let mut draft = Draft::ca("Contoso Issuing CA 1");
            draft.not_after = now().plus_days(days);
            draft.issued()
        };
        let certificate = between(-10, 300);
        let finding = outlives_issuer(&certificate, &issuer(299), &context).unwrap();
        assert_eq!(finding.case, &validity::OUTLIVES_ISSUER);
        assert!(finding.message.contains("Contoso Issuing CA 1"), "{}", finding.message);
        assert_eq!(outlives_issuer(&certificate, &issuer(300), &context), None);
        assert_eq!(outlives_issuer(&certificate, &issuer(-1), &context), None);
    }
}
