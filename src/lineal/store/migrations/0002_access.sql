-- Groups that belong to a namespace, grants on one kind within a namespace, and each in its maker's words.
ALTER TABLE principal ADD COLUMN namespace TEXT NOT NULL DEFAULT '';
ALTER TABLE principal ADD COLUMN description TEXT;
ALTER TABLE access_grant ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE access_grant ADD COLUMN note TEXT NOT NULL DEFAULT '';
-- The role of contributor came between viewer (0) and editor.
UPDATE access_grant SET role = role + 1 WHERE role > 0;
-- Webhooks that are told in another protocol's shape, with what that protocol keeps of them.
ALTER TABLE webhook ADD COLUMN form TEXT NOT NULL DEFAULT '';
ALTER TABLE webhook ADD COLUMN namespace TEXT;
ALTER TABLE webhook ADD COLUMN updated BIGINT NOT NULL DEFAULT 0;
ALTER TABLE webhook ADD COLUMN options TEXT NOT NULL DEFAULT '{}';
