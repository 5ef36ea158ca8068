//! The one source of what nobody can foresee.

/// Fills bytes from the operating system's generator.
pub(crate) fn unforeseeable(bytes: &mut [u8]) {
    // A system that cannot give randomness cannot keep secrets: there is nothing to go on with.
    getrandom::fill(bytes)
        .unwrap_or_else(|error| panic!("the operating system gives no randomness: {error}"));
}
