-- Objects without a number of their own that machines pull by their latest change: statements and orders to mend. What each
-- was when somebody last looked, and the number it got then.

CREATE TABLE changes (
    tenant_id integer NOT NULL REFERENCES tenants,
    list text NOT NULL CHECK (list IN ('statements', 'rectifications')),
    key text NOT NULL,
    dealer_code text NOT NULL,
    -- A hash of what is told of it.
    content text NOT NULL,
    -- It was there, and is no more.
    gone boolean NOT NULL DEFAULT false,
    change bigint NOT NULL,
    noted_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, list, key)
);
CREATE INDEX changes_by_number ON changes (tenant_id, list, change);
CALL farsight_keep_to_tenant('changes', 'SELECT, INSERT, UPDATE');
CALL farsight_keep_to_dealers('changes');

-- What all of a list stood on when it was last looked through: as long as that is the same, nothing has changed.
CREATE TABLE change_stamps (
    tenant_id integer NOT NULL REFERENCES tenants,
    list text NOT NULL,
    stamp text NOT NULL,
    PRIMARY KEY (tenant_id, list)
);
CALL farsight_keep_to_tenant('change_stamps', 'SELECT, INSERT, UPDATE');
