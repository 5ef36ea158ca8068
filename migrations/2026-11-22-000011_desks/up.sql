-- What the desks ask every minute: which complaints are open, and whose repair failed lately.

-- A complaint is open while it has no satisfied callback: asked of every complaint, answered from the index alone.
CREATE INDEX complaint_events_that_close ON complaint_events (tenant_id, complaint_id, "at")
    WHERE "kind" = 'callback' AND satisfied AND superseded_at = 'infinity' AND NOT voided;

-- Few attempts fail; those of the last weeks are looked for among all orders of a network.
CREATE INDEX work_orders_unfixed ON work_orders (tenant_id, completed_at)
    WHERE NOT fixed AND fault_code IS NOT NULL AND superseded_at = 'infinity' AND NOT voided;
