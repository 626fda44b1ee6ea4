//! Members who break the rules.
