//! The record types that the portal is about, and the state of a request that waits: named here for all files of the
//! portal. Fields are named where they are asked or shown.

/// Something is broken.
pub const INCIDENT: &str = "incident";
/// Something is asked for.
pub const REQUEST: &str = "service_request";
/// Something was not as it should be.
pub const COMPLAINT: &str = "complaint";
/// What can be asked for.
pub const MODEL: &str = "request_model";
/// What is used.
pub const SERVICE: &str = "service";
/// What is told of it.
pub const NOTICE: &str = "notice";
/// What helps.
pub const ARTICLE: &str = "knowledge_article";
/// What is known to be wrong and how to live with it.
pub const KNOWN_ERROR: &str = "known_error";
/// When a service was away.
pub const OUTAGE: &str = "outage";

/// What somebody sends by the portal.
pub const SENT: [&str; 3] = [INCIDENT, REQUEST, COMPLAINT];
/// What somebody reads in the portal.
pub const READ: [&str; 3] = [NOTICE, ARTICLE, KNOWN_ERROR];
/// The state of a request that waits for its approval.
pub const APPROVAL: &str = "approval";
