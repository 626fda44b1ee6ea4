//! Conversations as people see them: consent, receipts, unread messages, drafts, relations, files, deletion, and view models.

pub(in crate::core) mod attachments;
pub(in crate::core) mod consenting;
pub(in crate::core) mod deleting;
pub(in crate::core) mod drafts;
pub(in crate::core) mod expiring;
pub(in crate::core) mod marking;
pub(in crate::core) mod paging;
pub(in crate::core) mod passing;
pub(in crate::core) mod projection;
pub(in crate::core) mod purging;
pub(in crate::core) mod receipts;
pub(in crate::core) mod relating;
pub(in crate::core) mod standing;
