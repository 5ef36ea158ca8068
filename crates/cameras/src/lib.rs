//! Cameras: pictures fetched by snapshot or stream, within an operator's network rules; and a simulator of cameras.
