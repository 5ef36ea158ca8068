-- A manufacturer's own rules count the feedback of a dealer's month.
CREATE INDEX feedback_by_dealer_and_time ON feedback (tenant_id, dealer_code, received_at);
