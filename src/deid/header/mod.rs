//! The header: what each attribute becomes under the PS3.15 profile.
