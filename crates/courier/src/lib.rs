//! Courier: messages handed to e-mail, group robots and webhooks, signed, within each one's limits.
