//! Tests of conformity written down by hand as SQL: all that are asked of incidents or follow their links, since those
//! are many here, and some of every kind about other types.
//!
//! Source: the files of `controls/` that the tests' names begin with. Where a control has changed since, the run says so.

use proofdesk_model::format;

/// A test by hand.
pub struct Question {
    /// Its name.
    pub test: &'static str,
    /// The table of the records that it is about.
    pub of: &'static str,
    /// Which of them count.
    pub members: &'static str,
    /// What each of them must meet.
    pub must: &'static str,
}

const fn each(test: &'static str, of: &'static str, members: &'static str, must: &'static str) -> Question {
    Question { test, of, members, must }
}

const fn incident(test: &'static str, members: &'static str, must: &'static str) -> Question {
    each(test, "incident", members, must)
}

/// Judged record by record. `NOW` is the instant of the run, `TODAY` its day, `DAYS(n)` so many days of microseconds.
/// A test with two sides is there twice.
pub const QUESTIONS: [Question; 28] = [
    incident(
        "incident.recorded",
        "state <> 'cancelled'",
        "reported_by IS NOT NULL AND service IS NOT NULL AND description IS NOT NULL AND category IS NOT NULL",
    ),
    incident(
        "incident.prioritized",
        "state <> 'cancelled'",
        "impact IS NOT NULL AND urgency IS NOT NULL AND priority IS NOT NULL AND (priority_reason IS NOT NULL \
         OR priority = CASE impact WHEN 'high' THEN CASE urgency WHEN 'high' THEN 'p1' WHEN 'medium' THEN 'p2' \
         ELSE 'p3' END WHEN 'medium' THEN CASE urgency WHEN 'high' THEN 'p2' WHEN 'medium' THEN 'p3' \
         ELSE 'p4' END ELSE CASE urgency WHEN 'high' THEN 'p3' ELSE 'p4' END END)",
    ),
    incident(
        "incident.escalated",
        "state <> 'cancelled' AND (resolution_breached_at IS NOT NULL OR major = TRUE)",
        "escalated_at IS NOT NULL AND escalated_to IS NOT NULL",
    ),
    incident(
        "incident.escalated_skill",
        "state <> 'cancelled' AND skill_missing = TRUE",
        "escalated_at IS NOT NULL AND escalated_to IS NOT NULL",
    ),
    incident(
        "incident.resolved",
        "state <> 'cancelled'",
        "state IN ('resolved', 'closed') OR (resolution_state = 'paused' AND resolution_breached_at IS NULL) \
         OR resolution_due_at >= NOW",
    ),
    incident(
        "incident.closed",
        "state IN ('resolved', 'closed')",
        "(closed_at IS NOT NULL OR resolved_at >= NOW - DAYS(14)) \
         AND (closed_at IS NULL OR closed_at <= resolved_at + DAYS(14)) \
         AND (state <> 'closed' OR closure_code IS NOT NULL)",
    ),
    incident(
        "incident.confirmed",
        "state = 'closed' AND EXISTS (SELECT 1 FROM service s WHERE s.number = t.service \
         AND s.confirmation_needed = TRUE)",
        "customer_confirmed = TRUE",
    ),
    incident(
        "incident.actions",
        "state = 'closed'",
        "resolution IS NOT NULL AND first_response_at IS NOT NULL \
         AND (resolved_at IS NULL OR first_response_at <= resolved_at)",
    ),
    incident(
        "incident.major_flagged",
        "state <> 'cancelled' AND impact = 'high' AND urgency = 'high'",
        "major = TRUE",
    ),
    incident(
        "incident.major_steps",
        "major = TRUE AND state <> 'cancelled'",
        "major_declared_at IS NOT NULL AND first_response_at IS NOT NULL AND EXISTS (SELECT 1 FROM link l \
         WHERE l.from_type = 'incident' AND l.relation = 'incident.problems' AND l.from_number = t.number)",
    ),
    incident(
        "incident.major_told",
        "major = TRUE AND state <> 'cancelled'",
        "top_management_told_at IS NOT NULL AND top_management_told_at <= major_declared_at + 3600000000 \
         AND (state IN ('resolved', 'closed') OR top_management_updated_at >= NOW - 14400000000)",
    ),
    incident(
        "incident.major_told_whom",
        "major = TRUE AND state <> 'cancelled'",
        "top_management_told IS NOT NULL AND EXISTS (SELECT 1 FROM role_assignment r \
         WHERE r.number = t.top_management_told AND r.kind = 'top_management')",
    ),
    incident("incident.major_manager", "major = TRUE AND state <> 'cancelled'", "major_manager IS NOT NULL"),
    incident(
        "incident.major_manager_since",
        "major = TRUE AND state <> 'cancelled'",
        "major_manager_since IS NOT NULL AND (major_declared_at IS NULL \
         OR major_manager_since <= major_declared_at)",
    ),
    incident(
        "incident.major_reviewed",
        "major = TRUE AND state IN ('resolved', 'closed')",
        "(resolved_at >= NOW - DAYS(14) OR EXISTS (SELECT 1 FROM major_incident_review r \
         WHERE r.incident = t.number AND r.held_at IS NOT NULL)) \
         AND NOT EXISTS (SELECT 1 FROM major_incident_review r WHERE r.incident = t.number \
         AND r.held_at > t.resolved_at + DAYS(14)) \
         AND (resolved_at >= NOW - DAYS(14) OR EXISTS (SELECT 1 FROM major_incident_review r \
         WHERE r.incident = t.number AND r.report IS NOT NULL AND r.sent_at IS NOT NULL))",
    ),
    incident(
        "incident.names_what",
        "state <> 'cancelled'",
        "service IS NOT NULL OR EXISTS (SELECT 1 FROM link l WHERE l.from_type = 'incident' \
         AND l.relation = 'incident.affects' AND l.from_number = t.number)",
    ),
    incident(
        "agreement.targets_met",
        "resolution_target IS NOT NULL AND state IN ('resolved', 'closed')",
        "resolution_breached_at IS NULL",
    ),
    incident(
        "records.incidents",
        "state = 'closed' AND reported_at >= NOW - DAYS(365)",
        "service IS NOT NULL AND priority IS NOT NULL AND category IS NOT NULL AND resolution IS NOT NULL \
         AND closed_at IS NOT NULL",
    ),
    each(
        "problem.clusters",
        "configuration_item",
        "state <> 'retired'",
        "EXISTS (SELECT 1 FROM link l WHERE l.to_type = 'configuration_item' AND l.to_number = t.number \
         AND l.relation = 'problem.affects') \
         OR (SELECT count(*) FROM link l JOIN incident i ON i.number = l.from_number \
         WHERE l.to_type = 'configuration_item' AND l.to_number = t.number \
         AND l.relation = 'incident.affects' AND i.reported_at >= NOW - DAYS(90)) < 5",
    ),
    each(
        "problem.service_clusters",
        "service",
        "state = 'live'",
        "EXISTS (SELECT 1 FROM problem p WHERE p.service = t.number) \
         OR EXISTS (SELECT 1 FROM link l JOIN trend_analysis a ON a.number = l.from_number \
         WHERE l.to_type = 'service' AND l.to_number = t.number AND l.relation = 'trend_analysis.services' \
         AND a.no_problem_reason IS NOT NULL) \
         OR (SELECT count(*) FROM incident i WHERE i.service = t.number AND i.reported_at >= NOW - DAYS(90)) < 20",
    ),
    each(
        "delivery.active",
        "service",
        "state = 'live' AND in_scope = TRUE",
        "(EXISTS (SELECT 1 FROM incident i WHERE i.service = t.number AND i.reported_at >= NOW - DAYS(91)) \
         OR EXISTS (SELECT 1 FROM service_request r WHERE r.service = t.number AND r.created_at >= NOW - DAYS(91)) \
         OR EXISTS (SELECT 1 FROM link l JOIN change c ON c.number = l.from_number WHERE l.to_type = 'service' \
         AND l.to_number = t.number AND l.relation = 'change.services' AND c.requested_at >= NOW - DAYS(91)) \
         OR EXISTS (SELECT 1 FROM measurement m WHERE m.service = t.number AND m.period_to >= 'TODAY-91')) \
         AND (live_since > 'TODAY-182' OR EXISTS (SELECT 1 FROM incident i WHERE i.service = t.number \
         AND i.reported_at >= NOW - DAYS(182) AND i.reported_at < NOW - DAYS(91)) \
         OR EXISTS (SELECT 1 FROM service_request r WHERE r.service = t.number \
         AND r.created_at >= NOW - DAYS(182) AND r.created_at < NOW - DAYS(91)) \
         OR EXISTS (SELECT 1 FROM link l JOIN change c ON c.number = l.from_number WHERE l.to_type = 'service' \
         AND l.to_number = t.number AND l.relation = 'change.services' \
         AND c.requested_at >= NOW - DAYS(182) AND c.requested_at < NOW - DAYS(91)) \
         OR EXISTS (SELECT 1 FROM measurement m WHERE m.service = t.number \
         AND m.period_to >= 'TODAY-182' AND m.period_to < 'TODAY-91'))",
    ),
    each(
        "known_error.matched",
        "known_error",
        "state = 'published' AND category IS NOT NULL AND published_at IS NOT NULL AND EXISTS (SELECT 1 FROM link k \
         WHERE k.from_type = 'known_error' AND k.from_number = t.number AND k.relation = 'known_error.affects')",
        "NOT EXISTS (SELECT 1 FROM link k JOIN link l ON l.to_type = k.to_type AND l.to_number = k.to_number \
         AND l.relation = 'incident.affects' JOIN incident i ON i.number = l.from_number \
         WHERE k.from_type = 'known_error' AND k.from_number = t.number AND k.relation = 'known_error.affects' \
         AND i.state NOT IN ('new', 'assigned', 'cancelled') AND i.reported_at >= t.published_at \
         AND i.category = t.category AND i.known_error IS NULL)",
    ),
    each(
        "records.requests",
        "service_request",
        "state = 'closed' AND created_at >= NOW - DAYS(365)",
        "service IS NOT NULL AND category IS NOT NULL AND closed_at IS NOT NULL",
    ),
    each(
        "records.changes",
        "change",
        "state = 'closed' AND requested_at >= NOW - DAYS(365)",
        "category IS NOT NULL AND classification IS NOT NULL AND approved_at IS NOT NULL \
         AND deployed_at IS NOT NULL AND outcome IS NOT NULL AND review IS NOT NULL",
    ),
    each(
        "item.services",
        "service",
        "state = 'live' AND in_scope = TRUE",
        "EXISTS (SELECT 1 FROM configuration_item c WHERE c.number = t.item AND c.item_type = 'service' \
         AND c.state <> 'retired')",
    ),
    each(
        "item.services",
        "configuration_item",
        "item_type = 'service' AND state = 'live'",
        "EXISTS (SELECT 1 FROM service s WHERE s.item = t.number AND s.state = 'live')",
    ),
    each(
        "incident.major_criteria",
        "document",
        "kind = 'major_incident_criteria'",
        "state = 'in_force' AND approved_at IS NOT NULL AND review_on >= 'TODAY'",
    ),
    each(
        "incident.major_procedure",
        "document",
        "kind = 'major_incident_procedure'",
        "state = 'in_force' AND approved_at IS NOT NULL AND review_on >= 'TODAY'",
    ),
];

/// Tests of which only the number counts that holds: records that do not are no exceptions.
pub const COUNTED: [&str; 2] = ["incident.major_criteria", "incident.major_procedure"];

/// Tests of other kinds, each with its question: the newest record (`fresh`) and what a person judged (`attest`).
pub const OTHERS: [(&str, &str); 3] = [
    ("documented.incidents", "SELECT max(reported_at) FROM incident"),
    ("documented.changes", "SELECT max(requested_at) FROM change"),
    (
        "judged.built_in",
        "SELECT verdict FROM conformity_judgement WHERE test = 'judged.built_in' ORDER BY at DESC LIMIT 1",
    ),
];

/// The text of a question at an instant of a run; yes is `1` on SQLite.
pub fn written(text: &str, is_server: bool, now: i64) -> String {
    const DAY: i64 = 86_400_000_000;
    let mut text = text.to_owned();
    for days in [14, 90, 91, 182, 365] {
        text = text.replace(&format!("DAYS({days})"), &(days * DAY).to_string());
        text = text.replace(&format!("TODAY-{days}"), &day(now - days * DAY));
    }
    text = text.replace("TODAY", &day(now)).replace("NOW", &now.to_string());
    if is_server { text } else { text.replace("TRUE", "1") }
}

fn day(at: i64) -> String {
    format::write_day(format::day_of(at))
}

#[cfg(test)]
mod tests {
    use super::{QUESTIONS, written};

    #[test]
    fn instants_and_days_are_written_in() {
        let now = 1_767_225_600_000_000;
        let text =
            written("a >= NOW - DAYS(14) AND b >= 'TODAY' AND c < 'TODAY-91' AND d = TRUE", false, now);
        let expected =
            "a >= 1767225600000000 - 1209600000000 AND b >= '2026-01-01' AND c < '2025-10-02' AND d = 1";
        assert_eq!(text, expected);
    }

    #[test]
    fn no_word_of_ours_is_left_in_a_question() {
        for question in &QUESTIONS {
            for text in [question.members, question.must] {
                let text = written(text, true, 0);
                assert!(!text.contains("DAYS") && !text.contains("NOW") && !text.contains("TODAY"), "{text}");
            }
        }
    }
}
