//! Reading text in pictures.
