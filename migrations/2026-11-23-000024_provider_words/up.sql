-- What a provider said of a person is judged as one, whether by a token or by provisioning; and its words are nobody's to
-- read or write who sees but a part of the network.

-- What the last token said of the person, besides what belongs to that token alone.
ALTER TABLE identities ADD COLUMN claims jsonb NOT NULL DEFAULT '{}';

-- The provider's own name of its session (`sid`), by which it may end this one and no other.
ALTER TABLE sessions ADD COLUMN provider_session text;

CALL farsight_keep_to_dealers('identity_providers', 'false');
CALL farsight_keep_to_dealers('claim_rules', 'false');
CALL farsight_keep_to_dealers('sign_ins_under_way', 'false');
CALL farsight_keep_to_dealers('identities', 'false');
CALL farsight_keep_to_dealers('identity_groups', 'false');
CALL farsight_keep_to_dealers('identity_members', 'false');

-- A machine of a dealer or region writes its own first answers down, and reads no other's.
CALL farsight_keep_to_dealers('first_answers', $c$user_id = (SELECT nullif(current_setting('farsight.person', true), '')::integer)$c$);
