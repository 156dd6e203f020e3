//! Placeholder.
crate::cases![];
