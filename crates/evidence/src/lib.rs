//! Evidence: pictures and documents streamed into an object store, addressed by content, checked.
