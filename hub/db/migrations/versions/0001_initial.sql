CREATE TABLE api_key (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	name TEXT NOT NULL, 
	prefix TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	role TEXT NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	revoked_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_api_key PRIMARY KEY (id), 
	CONSTRAINT uq_api_key_name UNIQUE (name), 
	CONSTRAINT uq_api_key_prefix UNIQUE (prefix)
);

CREATE TABLE audit (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	actor TEXT NOT NULL, 
	action TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	detail JSONB DEFAULT '{}' NOT NULL, 
	at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_audit PRIMARY KEY (id)
);

CREATE TABLE change (
	xid xid8 DEFAULT pg_current_xact_id() NOT NULL, 
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	record_id UUID NOT NULL, 
	record_type TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	op TEXT NOT NULL, 
	"old" JSONB, 
	"new" JSONB, 
	rules JSONB, 
	origin INTEGER, 
	remote_id TEXT, 
	run_id BIGINT, 
	actor TEXT, 
	at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_change PRIMARY KEY (xid, id)
);

CREATE INDEX ix_change_record ON change (record_id, id);

CREATE TABLE conflict (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	connection_id INTEGER NOT NULL, 
	object TEXT NOT NULL, 
	remote_id TEXT NOT NULL, 
	record_type TEXT NOT NULL, 
	record_id UUID NOT NULL, 
	field TEXT NOT NULL, 
	base JSONB, 
	ours JSONB, 
	theirs JSONB, 
	rule TEXT, 
	state TEXT DEFAULT 'open' NOT NULL, 
	resolution TEXT, 
	resolved_by TEXT, 
	resolved_at TIMESTAMP WITH TIME ZONE, 
	run_id BIGINT, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_conflict PRIMARY KEY (id), 
	CONSTRAINT ck_conflict_state CHECK (state in ('open', 'resolved'))
);

CREATE UNIQUE INDEX uq_conflict_open ON conflict (record_id, connection_id, object, field) WHERE state = 'open';

CREATE TABLE connection (
	id INTEGER GENERATED ALWAYS AS IDENTITY, 
	name TEXT NOT NULL, 
	system TEXT NOT NULL, 
	account_id TEXT, 
	state TEXT DEFAULT 'active' NOT NULL, 
	state_reason TEXT, 
	settings BYTEA NOT NULL, 
	token BYTEA, 
	options JSONB DEFAULT '{}' NOT NULL, 
	rest_until TIMESTAMP WITH TIME ZONE, 
	rest_reason TEXT, 
	down_since TIMESTAMP WITH TIME ZONE, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_connection PRIMARY KEY (id), 
	CONSTRAINT ck_connection_state CHECK (state in ('active', 'paused', 'retired')), 
	CONSTRAINT uq_connection_name UNIQUE (name)
);

CREATE TABLE cursor (
	connection_id INTEGER NOT NULL, 
	object TEXT NOT NULL, 
	direction TEXT NOT NULL, 
	value TEXT NOT NULL, 
	run_id BIGINT, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_cursor PRIMARY KEY (connection_id, object, direction)
);

CREATE TABLE custom_field (
	record_type TEXT NOT NULL, 
	name TEXT NOT NULL, 
	definition JSONB NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_custom_field PRIMARY KEY (record_type, name)
);

CREATE TABLE delivery (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	connection_id INTEGER NOT NULL, 
	object TEXT NOT NULL, 
	record_type TEXT NOT NULL, 
	record_id UUID NOT NULL, 
	op TEXT, 
	state TEXT DEFAULT 'pending' NOT NULL, 
	priority SMALLINT DEFAULT '0' NOT NULL, 
	payload JSONB, 
	edited JSONB, 
	idempotency_key UUID DEFAULT gen_random_uuid() NOT NULL, 
	again BOOLEAN DEFAULT false NOT NULL, 
	attempts INTEGER DEFAULT '0' NOT NULL, 
	next_attempt_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	remote_id TEXT, 
	error_class TEXT, 
	error_code TEXT, 
	message TEXT, 
	hint TEXT, 
	lease_owner TEXT, 
	lease_until TIMESTAMP WITH TIME ZONE, 
	run_id BIGINT, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_delivery PRIMARY KEY (id), 
	CONSTRAINT ck_delivery_state CHECK (state in ('pending', 'sending', 'unknown', 'waiting', 'dead', 'done', 'dropped'))
);

CREATE INDEX ix_delivery_due ON delivery (connection_id, next_attempt_at) WHERE state IN ('pending', 'unknown', 'sending', 'waiting');

CREATE INDEX ix_delivery_record ON delivery (record_id);

CREATE UNIQUE INDEX uq_delivery_open ON delivery (connection_id, object, record_id) WHERE state IN ('pending', 'sending', 'unknown', 'waiting', 'dead');

CREATE TABLE inbox (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	connection_id INTEGER NOT NULL, 
	event_id TEXT NOT NULL, 
	object TEXT NOT NULL, 
	remote_id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	merged_into TEXT, 
	occurred_at TIMESTAMP WITH TIME ZONE, 
	received_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_inbox PRIMARY KEY (id), 
	CONSTRAINT uq_inbox_connection_id_event_id UNIQUE (connection_id, event_id)
);

CREATE TABLE lease (
	name TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	token BIGINT DEFAULT '1' NOT NULL, 
	until TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_lease PRIMARY KEY (name)
);

CREATE TABLE link (
	connection_id INTEGER NOT NULL, 
	object TEXT NOT NULL, 
	remote_id TEXT NOT NULL, 
	record_id UUID NOT NULL, 
	state TEXT DEFAULT 'live' NOT NULL, 
	shadow JSONB NOT NULL, 
	seen_hash BYTEA, 
	remote_version TEXT, 
	as_of TIMESTAMP WITH TIME ZONE NOT NULL, 
	waits_for TEXT[], 
	redirect_to TEXT, 
	CONSTRAINT pk_link PRIMARY KEY (connection_id, object, remote_id), 
	CONSTRAINT ck_link_state CHECK (state in ('live', 'deleted', 'redirected'))
);

CREATE INDEX ix_link_departed ON link (record_id) WHERE state != 'live';

CREATE INDEX ix_link_waits_for ON link (connection_id) WHERE waits_for IS NOT NULL;

CREATE UNIQUE INDEX uq_link_live_record ON link (record_id, connection_id, object) WHERE state = 'live';

CREATE TABLE match_key (
	record_id UUID NOT NULL, 
	record_type TEXT NOT NULL, 
	keys TEXT[] NOT NULL, 
	CONSTRAINT pk_match_key PRIMARY KEY (record_id)
);

CREATE INDEX ix_match_key_keys ON match_key USING gin (keys);

CREATE TABLE match_review (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	connection_id INTEGER NOT NULL, 
	object TEXT NOT NULL, 
	remote_id TEXT NOT NULL, 
	record_type TEXT NOT NULL, 
	record_id UUID NOT NULL, 
	kind TEXT NOT NULL, 
	candidates JSONB NOT NULL, 
	holds BOOLEAN DEFAULT true NOT NULL, 
	state TEXT DEFAULT 'open' NOT NULL, 
	decided_by TEXT, 
	run_id BIGINT, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_match_review PRIMARY KEY (id), 
	CONSTRAINT ck_match_review_kind CHECK (kind in ('ambiguous', 'duplicate')), 
	CONSTRAINT ck_match_review_state CHECK (state in ('open', 'merged', 'apart'))
);

CREATE UNIQUE INDEX uq_match_review_open ON match_review (record_id, connection_id) WHERE state = 'open';

CREATE TABLE organization (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	legal_name TEXT NOT NULL, 
	trade_name TEXT, 
	website_domain TEXT, 
	website TEXT, 
	phone TEXT, 
	email TEXT, 
	street TEXT, 
	city TEXT, 
	region TEXT, 
	postal_code TEXT, 
	country TEXT, 
	industry TEXT, 
	annual_revenue NUMERIC, 
	annual_revenue_currency TEXT, 
	employees BIGINT, 
	parent UUID, 
	vat_number TEXT, 
	duns TEXT, 
	lei TEXT, 
	registration_number TEXT, 
	preferred_language TEXT, 
	description TEXT, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_organization PRIMARY KEY (id), 
	CONSTRAINT ck_organization_annual_revenue_has_currency CHECK (("annual_revenue" IS NULL) = (annual_revenue_currency IS NULL)), 
	CONSTRAINT fk_organization_parent FOREIGN KEY(parent) REFERENCES organization (id) ON DELETE SET NULL
);

COMMENT ON TABLE organization IS 'A firm: partner, distributor or end customer. Its roles decide how it is used.';

COMMENT ON COLUMN organization.legal_name IS 'Registered name, in its original script.';

COMMENT ON COLUMN organization.trade_name IS 'Name it trades under, where that differs.';

COMMENT ON COLUMN organization.website_domain IS 'Registrable domain of its site, lower case, such as example.com.';

COMMENT ON COLUMN organization.website IS 'Address of its site.';

COMMENT ON COLUMN organization.phone IS 'Main number in E.164 form.';

COMMENT ON COLUMN organization.email IS 'General mailbox, not that of a person.';

COMMENT ON COLUMN organization.street IS 'Street and number; several lines are joined by a comma.';

COMMENT ON COLUMN organization.city IS 'City or town.';

COMMENT ON COLUMN organization.region IS 'State, province or region.';

COMMENT ON COLUMN organization.postal_code IS 'Postal code as written in its country.';

COMMENT ON COLUMN organization.country IS 'ISO 3166-1 alpha-2 code, upper case.';

COMMENT ON COLUMN organization.industry IS 'Line of business in the words of the system that knows it.';

COMMENT ON COLUMN organization.annual_revenue IS 'Revenue of the last closed year.';

COMMENT ON COLUMN organization.employees IS 'Number of employees.';

COMMENT ON COLUMN organization.parent IS 'The organization that directly owns this one.';

COMMENT ON COLUMN organization.vat_number IS 'VAT number with its country prefix, without blanks.';

COMMENT ON COLUMN organization.duns IS 'D-U-N-S number, nine digits.';

COMMENT ON COLUMN organization.lei IS 'Legal Entity Identifier (ISO 17442).';

COMMENT ON COLUMN organization.registration_number IS 'Number in the trade register of its country.';

COMMENT ON COLUMN organization.preferred_language IS 'BCP 47 tag, such as nl-BE.';

COMMENT ON COLUMN organization.description IS 'What the organization does.';

CREATE INDEX organization_duns_idx ON organization (duns) WHERE duns IS NOT NULL;

CREATE INDEX organization_lei_idx ON organization (lei) WHERE lei IS NOT NULL;

CREATE INDEX organization_parent_idx ON organization (parent) WHERE parent IS NOT NULL;

CREATE INDEX organization_registration_number_country_idx ON organization (registration_number, country) WHERE registration_number IS NOT NULL AND country IS NOT NULL;

CREATE INDEX organization_vat_number_idx ON organization (vat_number) WHERE vat_number IS NOT NULL;

CREATE INDEX organization_website_domain_country_idx ON organization (website_domain, country) WHERE website_domain IS NOT NULL AND country IS NOT NULL;

CREATE TABLE person (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	first_name TEXT, 
	last_name TEXT NOT NULL, 
	email TEXT, 
	phone TEXT, 
	mobile TEXT, 
	language TEXT, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_person PRIMARY KEY (id)
);

COMMENT ON TABLE person IS 'A natural person, wherever she or he works.';

COMMENT ON COLUMN person.first_name IS 'Given name.';

COMMENT ON COLUMN person.last_name IS 'Family name.';

COMMENT ON COLUMN person.email IS 'Mail address, lower case.';

COMMENT ON COLUMN person.phone IS 'Number at work, E.164.';

COMMENT ON COLUMN person.mobile IS 'Mobile number, E.164.';

COMMENT ON COLUMN person.language IS 'BCP 47 tag of the language the person prefers.';

CREATE INDEX person_email_last_name_idx ON person (email, last_name) WHERE email IS NOT NULL;

CREATE TABLE product_line (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	code TEXT NOT NULL, 
	name TEXT NOT NULL, 
	parent UUID, 
	is_active BOOLEAN, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_product_line PRIMARY KEY (id), 
	CONSTRAINT fk_product_line_parent FOREIGN KEY(parent) REFERENCES product_line (id) ON DELETE SET NULL
);

COMMENT ON TABLE product_line IS 'A family of products; the scope that registrations and authorisations are compared by.';

COMMENT ON COLUMN product_line.code IS 'Short unique name.';

COMMENT ON COLUMN product_line.name IS 'Name for people.';

COMMENT ON COLUMN product_line.parent IS 'The wider line that contains it.';

COMMENT ON COLUMN product_line.is_active IS 'Whether it is still sold.';

CREATE INDEX product_line_code_idx ON product_line (code);

CREATE INDEX product_line_parent_idx ON product_line (parent) WHERE parent IS NOT NULL;

CREATE TABLE program (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	code TEXT NOT NULL, 
	name TEXT NOT NULL, 
	description TEXT, 
	is_active BOOLEAN, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_program PRIMARY KEY (id)
);

COMMENT ON TABLE program IS 'A partner programme with its tiers.';

COMMENT ON COLUMN program.code IS 'Short unique name.';

COMMENT ON COLUMN program.name IS 'Name for people.';

COMMENT ON COLUMN program.description IS 'What the programme offers and asks.';

COMMENT ON COLUMN program.is_active IS 'Whether partners can join.';

CREATE INDEX program_code_idx ON program (code);

CREATE TABLE quarantine (
	connection_id INTEGER NOT NULL, 
	object TEXT NOT NULL, 
	remote_id TEXT NOT NULL, 
	problems JSONB NOT NULL, 
	fields JSONB NOT NULL, 
	held BOOLEAN NOT NULL, 
	run_id BIGINT, 
	at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_quarantine PRIMARY KEY (connection_id, object, remote_id)
);

CREATE TABLE reread (
	connection_id INTEGER NOT NULL, 
	object TEXT NOT NULL, 
	remote_id TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	request BIGINT GENERATED ALWAYS AS IDENTITY, 
	attempts INTEGER DEFAULT '0' NOT NULL, 
	next_attempt_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT pk_reread PRIMARY KEY (connection_id, object, remote_id)
);

CREATE TABLE run (
	id BIGINT GENERATED ALWAYS AS IDENTITY, 
	connection_id INTEGER NOT NULL, 
	object TEXT, 
	kind TEXT NOT NULL, 
	state TEXT DEFAULT 'running' NOT NULL, 
	counts JSONB DEFAULT '{}' NOT NULL, 
	error TEXT, 
	started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	finished_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_run PRIMARY KEY (id)
);

CREATE INDEX ix_run_connection ON run (connection_id, id);

CREATE TABLE territory (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	code TEXT NOT NULL, 
	name TEXT NOT NULL, 
	countries TEXT[], 
	regions TEXT[], 
	industries TEXT[], 
	parent UUID, 
	valid_from DATE NOT NULL, 
	valid_to DATE, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_territory PRIMARY KEY (id), 
	CONSTRAINT fk_territory_parent FOREIGN KEY(parent) REFERENCES territory (id) ON DELETE SET NULL, 
	CONSTRAINT ck_territory_validity CHECK (valid_to > valid_from)
);

COMMENT ON TABLE territory IS 'A part of the market that a partner may work in.';

COMMENT ON COLUMN territory.code IS 'Short unique name.';

COMMENT ON COLUMN territory.name IS 'Name for people.';

COMMENT ON COLUMN territory.countries IS 'ISO 3166-1 alpha-2 codes that it covers.';

COMMENT ON COLUMN territory.regions IS 'ISO 3166-2 codes, where it covers only parts of a country.';

COMMENT ON COLUMN territory.industries IS 'Lines of business that it is limited to; empty means all.';

COMMENT ON COLUMN territory.parent IS 'The territory that contains it.';

COMMENT ON COLUMN territory.valid_from IS 'First day on which it holds.';

COMMENT ON COLUMN territory.valid_to IS 'First day on which it no longer holds; empty while no end is known.';

CREATE UNIQUE INDEX territory_code_from_key ON territory (code, valid_from) NULLS NOT DISTINCT WHERE deleted_at IS NULL AND merged_into IS NULL;

CREATE UNIQUE INDEX territory_code_open_key ON territory (code) NULLS NOT DISTINCT WHERE deleted_at IS NULL AND merged_into IS NULL AND valid_to IS NULL;

CREATE INDEX territory_parent_idx ON territory (parent) WHERE parent IS NOT NULL;

CREATE TABLE affiliation (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	person UUID NOT NULL, 
	organization UUID NOT NULL, 
	job_title TEXT, 
	department TEXT, 
	is_primary BOOLEAN, 
	valid_from DATE NOT NULL, 
	valid_to DATE, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_affiliation PRIMARY KEY (id), 
	CONSTRAINT fk_affiliation_person FOREIGN KEY(person) REFERENCES person (id), 
	CONSTRAINT fk_affiliation_organization FOREIGN KEY(organization) REFERENCES organization (id), 
	CONSTRAINT ck_affiliation_validity CHECK (valid_to > valid_from)
);

COMMENT ON TABLE affiliation IS 'A person''s place in an organization over a time.';

COMMENT ON COLUMN affiliation.person IS 'Who works there.';

COMMENT ON COLUMN affiliation.organization IS 'Where the person works.';

COMMENT ON COLUMN affiliation.job_title IS 'Title as the organization writes it.';

COMMENT ON COLUMN affiliation.department IS 'Part of the organization.';

COMMENT ON COLUMN affiliation.is_primary IS 'Whether this is the person''s main affiliation.';

COMMENT ON COLUMN affiliation.valid_from IS 'First day on which it holds.';

COMMENT ON COLUMN affiliation.valid_to IS 'First day on which it no longer holds; empty while no end is known.';

CREATE INDEX affiliation_organization_idx ON affiliation (organization);

CREATE UNIQUE INDEX affiliation_person_organization_from_key ON affiliation (person, organization, valid_from) NULLS NOT DISTINCT WHERE deleted_at IS NULL AND merged_into IS NULL;

CREATE UNIQUE INDEX affiliation_person_organization_open_key ON affiliation (person, organization) NULLS NOT DISTINCT WHERE deleted_at IS NULL AND merged_into IS NULL AND valid_to IS NULL;

CREATE TABLE organization_address (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	organization UUID NOT NULL, 
	purpose TEXT NOT NULL, 
	street TEXT, 
	city TEXT, 
	region TEXT, 
	postal_code TEXT, 
	country TEXT, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_organization_address PRIMARY KEY (id), 
	CONSTRAINT ck_organization_address_purpose_choice CHECK ("purpose" = ANY (ARRAY['registered', 'headquarters', 'site', 'billing', 'shipping'])), 
	CONSTRAINT fk_organization_address_organization FOREIGN KEY(organization) REFERENCES organization (id)
);

COMMENT ON TABLE organization_address IS 'A place where an organization is registered, works, or receives goods or bills.';

COMMENT ON COLUMN organization_address.organization IS 'Whose address it is.';

COMMENT ON COLUMN organization_address.purpose IS 'What the address is for.';

COMMENT ON COLUMN organization_address.street IS 'Street and number; several lines are joined by a comma.';

COMMENT ON COLUMN organization_address.city IS 'City or town.';

COMMENT ON COLUMN organization_address.region IS 'State, province or region.';

COMMENT ON COLUMN organization_address.postal_code IS 'Postal code as written in its country.';

COMMENT ON COLUMN organization_address.country IS 'ISO 3166-1 alpha-2 code, upper case.';

CREATE INDEX organization_address_organization_idx ON organization_address (organization);

CREATE TABLE organization_domain (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	organization UUID NOT NULL, 
	domain TEXT NOT NULL, 
	purpose TEXT, 
	verified_at TIMESTAMP WITH TIME ZONE, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_organization_domain PRIMARY KEY (id), 
	CONSTRAINT ck_organization_domain_purpose_choice CHECK ("purpose" = ANY (ARRAY['web', 'mail', 'both'])), 
	CONSTRAINT fk_organization_domain_organization FOREIGN KEY(organization) REFERENCES organization (id)
);

COMMENT ON TABLE organization_domain IS 'An internet domain that an organization uses for its site or its mail.';

COMMENT ON COLUMN organization_domain.organization IS 'Who uses the domain.';

COMMENT ON COLUMN organization_domain.domain IS 'Registrable domain, lower case.';

COMMENT ON COLUMN organization_domain.purpose IS 'What the domain is used for.';

COMMENT ON COLUMN organization_domain.verified_at IS 'When control of the domain was last shown.';

CREATE INDEX organization_domain_domain_organization_idx ON organization_domain (domain, organization);

CREATE INDEX organization_domain_organization_idx ON organization_domain (organization);

CREATE TABLE organization_identifier (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	organization UUID NOT NULL, 
	scheme TEXT NOT NULL, 
	value TEXT NOT NULL, 
	country TEXT, 
	verified_at TIMESTAMP WITH TIME ZONE, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_organization_identifier PRIMARY KEY (id), 
	CONSTRAINT ck_organization_identifier_scheme_choice CHECK ("scheme" = ANY (ARRAY['duns', 'vat', 'lei', 'reg_no', 'tax', 'other'])), 
	CONSTRAINT fk_organization_identifier_organization FOREIGN KEY(organization) REFERENCES organization (id)
);

COMMENT ON TABLE organization_identifier IS 'A number under which a register knows an organization.';

COMMENT ON COLUMN organization_identifier.organization IS 'Whose number it is.';

COMMENT ON COLUMN organization_identifier.scheme IS 'The register.';

COMMENT ON COLUMN organization_identifier.value IS 'The number in the register''s canonical form.';

COMMENT ON COLUMN organization_identifier.country IS 'Country of the register, ISO 3166-1 alpha-2.';

COMMENT ON COLUMN organization_identifier.verified_at IS 'When the number was last confirmed with the register.';

CREATE INDEX organization_identifier_organization_idx ON organization_identifier (organization);

CREATE INDEX organization_identifier_scheme_value_country_idx ON organization_identifier (scheme, value, country) WHERE country IS NOT NULL;

CREATE INDEX organization_identifier_scheme_value_organization_idx ON organization_identifier (scheme, value, organization);

CREATE TABLE organization_link (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	source UUID NOT NULL, 
	target UUID NOT NULL, 
	kind TEXT NOT NULL, 
	share NUMERIC, 
	valid_from DATE NOT NULL, 
	valid_to DATE, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_organization_link PRIMARY KEY (id), 
	CONSTRAINT ck_organization_link_kind_choice CHECK ("kind" = ANY (ARRAY['owns', 'brand', 'branch', 'merged_into'])), 
	CONSTRAINT fk_organization_link_source FOREIGN KEY(source) REFERENCES organization (id), 
	CONSTRAINT fk_organization_link_target FOREIGN KEY(target) REFERENCES organization (id), 
	CONSTRAINT ck_organization_link_validity CHECK (valid_to > valid_from)
);

COMMENT ON TABLE organization_link IS 'How two organizations belong together.';

COMMENT ON COLUMN organization_link.source IS 'Subject of the sentence: source owns target.';

COMMENT ON COLUMN organization_link.target IS 'Object of the sentence: source merged_into target.';

COMMENT ON COLUMN organization_link.kind IS 'How they belong together.';

COMMENT ON COLUMN organization_link.share IS 'Part that is owned, from 0 to 1.';

COMMENT ON COLUMN organization_link.valid_from IS 'First day on which it holds.';

COMMENT ON COLUMN organization_link.valid_to IS 'First day on which it no longer holds; empty while no end is known.';

CREATE UNIQUE INDEX organization_link_source_target_kind_from_key ON organization_link (source, target, kind, valid_from) NULLS NOT DISTINCT WHERE deleted_at IS NULL AND merged_into IS NULL;

CREATE UNIQUE INDEX organization_link_source_target_kind_open_key ON organization_link (source, target, kind) NULLS NOT DISTINCT WHERE deleted_at IS NULL AND merged_into IS NULL AND valid_to IS NULL;

CREATE INDEX organization_link_target_idx ON organization_link (target);

CREATE TABLE organization_name (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	organization UUID NOT NULL, 
	kind TEXT NOT NULL, 
	value TEXT NOT NULL, 
	language TEXT, 
	valid_from DATE NOT NULL, 
	valid_to DATE, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_organization_name PRIMARY KEY (id), 
	CONSTRAINT ck_organization_name_kind_choice CHECK ("kind" = ANY (ARRAY['legal', 'trade', 'former', 'transliterated'])), 
	CONSTRAINT fk_organization_name_organization FOREIGN KEY(organization) REFERENCES organization (id), 
	CONSTRAINT ck_organization_name_validity CHECK (valid_to > valid_from)
);

COMMENT ON TABLE organization_name IS 'A name that an organization has or had.';

COMMENT ON COLUMN organization_name.organization IS 'Whose name it is.';

COMMENT ON COLUMN organization_name.kind IS 'What sort of name it is.';

COMMENT ON COLUMN organization_name.value IS 'The name.';

COMMENT ON COLUMN organization_name.language IS 'BCP 47 tag of the name, with its script where that tells more.';

COMMENT ON COLUMN organization_name.valid_from IS 'First day on which it holds.';

COMMENT ON COLUMN organization_name.valid_to IS 'First day on which it no longer holds; empty while no end is known.';

CREATE UNIQUE INDEX organization_name_organization_kind_value_from_key ON organization_name (organization, kind, value, valid_from) NULLS NOT DISTINCT WHERE deleted_at IS NULL AND merged_into IS NULL;

CREATE UNIQUE INDEX organization_name_organization_kind_value_open_key ON organization_name (organization, kind, value) NULLS NOT DISTINCT WHERE deleted_at IS NULL AND merged_into IS NULL AND valid_to IS NULL;

CREATE TABLE partner (
	id UUID NOT NULL, 
	status TEXT, 
	tier TEXT, 
	roles TEXT[], 
	program_number TEXT, 
	contract_end DATE, 
	commission_rate NUMERIC, 
	onboarded_on DATE, 
	partner_manager TEXT, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_partner PRIMARY KEY (id), 
	CONSTRAINT ck_partner_status_choice CHECK ("status" = ANY (ARRAY['prospect', 'active', 'suspended', 'terminated'])), 
	CONSTRAINT ck_partner_tier_choice CHECK ("tier" = ANY (ARRAY['registered', 'silver', 'gold', 'platinum'])), 
	CONSTRAINT ck_partner_roles_choice CHECK ("roles" <@ (ARRAY['reseller', 'distributor', 'technology', 'cosell', 'referral', 'msp', 'mssp', 'isv', 'si', 'agent', 'dealer'])), 
	CONSTRAINT fk_partner_id FOREIGN KEY(id) REFERENCES organization (id) ON DELETE CASCADE
);

COMMENT ON TABLE partner IS 'An organization that sells, delivers or builds with us, in one or several roles.';

COMMENT ON COLUMN partner.status IS 'Where the partnership stands.';

COMMENT ON COLUMN partner.tier IS 'Current tier of the main programme.';

COMMENT ON COLUMN partner.roles IS 'Every role that the partner holds today.';

COMMENT ON COLUMN partner.program_number IS 'Membership number in the partner programme.';

COMMENT ON COLUMN partner.contract_end IS 'Last day of the running contract.';

COMMENT ON COLUMN partner.commission_rate IS 'Agreed commission, from 0 to 1.';

COMMENT ON COLUMN partner.onboarded_on IS 'Day on which the partner became active.';

COMMENT ON COLUMN partner.partner_manager IS 'Name of our person who looks after the partner.';

CREATE INDEX partner_program_number_idx ON partner (program_number) WHERE program_number IS NOT NULL;

CREATE TABLE program_tier (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	program UUID NOT NULL, 
	code TEXT NOT NULL, 
	name TEXT NOT NULL, 
	rank BIGINT NOT NULL, 
	protection_days BIGINT, 
	valid_from DATE NOT NULL, 
	valid_to DATE, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_program_tier PRIMARY KEY (id), 
	CONSTRAINT fk_program_tier_program FOREIGN KEY(program) REFERENCES program (id), 
	CONSTRAINT ck_program_tier_validity CHECK (valid_to > valid_from)
);

COMMENT ON TABLE program_tier IS 'A step of a programme; a higher rank is a better tier.';

COMMENT ON COLUMN program_tier.program IS 'The programme.';

COMMENT ON COLUMN program_tier.code IS 'Short name, unique in the programme.';

COMMENT ON COLUMN program_tier.name IS 'Name for people.';

COMMENT ON COLUMN program_tier.rank IS 'Order among the tiers, from 1 for the lowest.';

COMMENT ON COLUMN program_tier.protection_days IS 'Days of protection that an approved registration gets.';

COMMENT ON COLUMN program_tier.valid_from IS 'First day on which it holds.';

COMMENT ON COLUMN program_tier.valid_to IS 'First day on which it no longer holds; empty while no end is known.';

CREATE UNIQUE INDEX program_tier_program_code_from_key ON program_tier (program, code, valid_from) NULLS NOT DISTINCT WHERE deleted_at IS NULL AND merged_into IS NULL;

CREATE UNIQUE INDEX program_tier_program_code_open_key ON program_tier (program, code) NULLS NOT DISTINCT WHERE deleted_at IS NULL AND merged_into IS NULL AND valid_to IS NULL;

CREATE TABLE tender (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	title TEXT NOT NULL, 
	reference TEXT, 
	source TEXT, 
	buyer UUID, 
	country TEXT, 
	published_on DATE, 
	closes_on DATE, 
	product_lines TEXT[], 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_tender PRIMARY KEY (id), 
	CONSTRAINT fk_tender_buyer FOREIGN KEY(buyer) REFERENCES organization (id) ON DELETE SET NULL
);

COMMENT ON TABLE tender IS 'A published call for bids; it ends the exclusivity of a registration.';

COMMENT ON COLUMN tender.title IS 'Title of the call.';

COMMENT ON COLUMN tender.reference IS 'The buyer''s number of the call.';

COMMENT ON COLUMN tender.source IS 'Where it was published.';

COMMENT ON COLUMN tender.buyer IS 'Who asks for bids.';

COMMENT ON COLUMN tender.country IS 'ISO 3166-1 alpha-2 code.';

COMMENT ON COLUMN tender.published_on IS 'Day of publication.';

COMMENT ON COLUMN tender.closes_on IS 'Last day for bids.';

COMMENT ON COLUMN tender.product_lines IS 'Codes of the product lines asked for.';

CREATE INDEX tender_buyer_idx ON tender (buyer) WHERE buyer IS NOT NULL;

CREATE INDEX tender_reference_country_idx ON tender (reference, country) WHERE reference IS NOT NULL AND country IS NOT NULL;

CREATE TABLE benefit (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	tier UUID NOT NULL, 
	code TEXT NOT NULL, 
	name TEXT NOT NULL, 
	kind TEXT, 
	rate NUMERIC, 
	amount NUMERIC, 
	amount_currency TEXT, 
	valid_from DATE NOT NULL, 
	valid_to DATE, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_benefit PRIMARY KEY (id), 
	CONSTRAINT ck_benefit_kind_choice CHECK ("kind" = ANY (ARRAY['discount', 'mdf', 'support', 'training', 'content', 'badge', 'other'])), 
	CONSTRAINT ck_benefit_amount_has_currency CHECK (("amount" IS NULL) = (amount_currency IS NULL)), 
	CONSTRAINT fk_benefit_tier FOREIGN KEY(tier) REFERENCES program_tier (id), 
	CONSTRAINT ck_benefit_validity CHECK (valid_to > valid_from)
);

COMMENT ON TABLE benefit IS 'What a tier gives its partners.';

COMMENT ON COLUMN benefit.tier IS 'The tier.';

COMMENT ON COLUMN benefit.code IS 'Short name, unique in the tier.';

COMMENT ON COLUMN benefit.name IS 'Name for people.';

COMMENT ON COLUMN benefit.kind IS 'What sort of benefit it is.';

COMMENT ON COLUMN benefit.rate IS 'Discount or share, from 0 to 1.';

COMMENT ON COLUMN benefit.amount IS 'Fixed amount.';

COMMENT ON COLUMN benefit.valid_from IS 'First day on which it holds.';

COMMENT ON COLUMN benefit.valid_to IS 'First day on which it no longer holds; empty while no end is known.';

CREATE UNIQUE INDEX benefit_tier_code_from_key ON benefit (tier, code, valid_from) NULLS NOT DISTINCT WHERE deleted_at IS NULL AND merged_into IS NULL;

CREATE UNIQUE INDEX benefit_tier_code_open_key ON benefit (tier, code) NULLS NOT DISTINCT WHERE deleted_at IS NULL AND merged_into IS NULL AND valid_to IS NULL;

CREATE TABLE business_plan (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	partner UUID NOT NULL, 
	name TEXT NOT NULL, 
	starts_on DATE NOT NULL, 
	ends_on DATE, 
	status TEXT, 
	summary TEXT, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_business_plan PRIMARY KEY (id), 
	CONSTRAINT ck_business_plan_status_choice CHECK ("status" = ANY (ARRAY['draft', 'agreed', 'closed'])), 
	CONSTRAINT fk_business_plan_partner FOREIGN KEY(partner) REFERENCES partner (id)
);

COMMENT ON TABLE business_plan IS 'What a partner and we mean to reach together in a period.';

COMMENT ON COLUMN business_plan.partner IS 'Whose plan it is.';

COMMENT ON COLUMN business_plan.name IS 'Title of the plan.';

COMMENT ON COLUMN business_plan.starts_on IS 'First day of the period.';

COMMENT ON COLUMN business_plan.ends_on IS 'Last day of the period.';

COMMENT ON COLUMN business_plan.status IS 'Where it stands.';

COMMENT ON COLUMN business_plan.summary IS 'Aims and means in words.';

CREATE INDEX business_plan_partner_starts_on_name_idx ON business_plan (partner, starts_on, name);

CREATE TABLE contact (
	id UUID NOT NULL, 
	partner UUID, 
	job_title TEXT, 
	department TEXT, 
	email_opt_out BOOLEAN, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_contact PRIMARY KEY (id), 
	CONSTRAINT fk_contact_id FOREIGN KEY(id) REFERENCES person (id) ON DELETE CASCADE, 
	CONSTRAINT fk_contact_partner FOREIGN KEY(partner) REFERENCES partner (id) ON DELETE SET NULL
);

COMMENT ON TABLE contact IS 'A person as a partner''s contact: seen in one affiliation, as CRMs keep people.';

COMMENT ON COLUMN contact.partner IS 'The partner that the person works for.';

COMMENT ON COLUMN contact.job_title IS 'Title as the partner writes it.';

COMMENT ON COLUMN contact.department IS 'Part of the partner''s organization.';

COMMENT ON COLUMN contact.email_opt_out IS 'Whether the person refused marketing mail.';

CREATE INDEX contact_partner_idx ON contact (partner) WHERE partner IS NOT NULL;

CREATE TABLE contract (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	partner UUID NOT NULL, 
	name TEXT NOT NULL, 
	number TEXT, 
	envelope_id TEXT, 
	status TEXT, 
	starts_on DATE, 
	ends_on DATE, 
	signed_at TIMESTAMP WITH TIME ZONE, 
	auto_renews BOOLEAN, 
	product_lines TEXT[], 
	territories TEXT[], 
	amends UUID, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_contract PRIMARY KEY (id), 
	CONSTRAINT ck_contract_status_choice CHECK ("status" = ANY (ARRAY['draft', 'sent', 'signed', 'declined', 'voided', 'expired', 'ended'])), 
	CONSTRAINT fk_contract_partner FOREIGN KEY(partner) REFERENCES partner (id), 
	CONSTRAINT fk_contract_amends FOREIGN KEY(amends) REFERENCES contract (id) ON DELETE SET NULL
);

COMMENT ON TABLE contract IS 'An agreement with a partner, as the e-signature system holds it.';

COMMENT ON COLUMN contract.partner IS 'The other party.';

COMMENT ON COLUMN contract.name IS 'Title of the agreement.';

COMMENT ON COLUMN contract.number IS 'Our number of the contract.';

COMMENT ON COLUMN contract.envelope_id IS 'The e-signature system''s id of the envelope.';

COMMENT ON COLUMN contract.status IS 'Where it stands.';

COMMENT ON COLUMN contract.starts_on IS 'First day of the term.';

COMMENT ON COLUMN contract.ends_on IS 'Last day of the term.';

COMMENT ON COLUMN contract.signed_at IS 'When the last party signed.';

COMMENT ON COLUMN contract.auto_renews IS 'Whether the term renews unless ended.';

COMMENT ON COLUMN contract.product_lines IS 'Codes of the product lines in scope; empty means all.';

COMMENT ON COLUMN contract.territories IS 'Codes of the territories in scope; empty means all.';

COMMENT ON COLUMN contract.amends IS 'The contract that this one amends.';

CREATE INDEX contract_amends_idx ON contract (amends) WHERE amends IS NOT NULL;

CREATE INDEX contract_envelope_id_idx ON contract (envelope_id) WHERE envelope_id IS NOT NULL;

CREATE INDEX contract_number_idx ON contract (number) WHERE number IS NOT NULL;

CREATE INDEX contract_partner_idx ON contract (partner);

CREATE TABLE enrollment_task (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	partner UUID NOT NULL, 
	program UUID, 
	code TEXT NOT NULL, 
	name TEXT NOT NULL, 
	position BIGINT, 
	status TEXT, 
	completes_on TEXT, 
	due_on DATE, 
	completed_at TIMESTAMP WITH TIME ZONE, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_enrollment_task PRIMARY KEY (id), 
	CONSTRAINT ck_enrollment_task_status_choice CHECK ("status" = ANY (ARRAY['open', 'waiting', 'done', 'waived', 'failed'])), 
	CONSTRAINT fk_enrollment_task_partner FOREIGN KEY(partner) REFERENCES partner (id), 
	CONSTRAINT fk_enrollment_task_program FOREIGN KEY(program) REFERENCES program (id) ON DELETE SET NULL
);

COMMENT ON TABLE enrollment_task IS 'A gate on a partner''s way into a programme; gates open in their order.';

COMMENT ON COLUMN enrollment_task.partner IS 'Who has to pass it.';

COMMENT ON COLUMN enrollment_task.program IS 'The programme.';

COMMENT ON COLUMN enrollment_task.code IS 'Short name, unique per partner and programme.';

COMMENT ON COLUMN enrollment_task.name IS 'Name for people.';

COMMENT ON COLUMN enrollment_task.position IS 'Place in the order, from 1.';

COMMENT ON COLUMN enrollment_task.status IS 'Where it stands.';

COMMENT ON COLUMN enrollment_task.completes_on IS 'Name of the event that completes it by itself.';

COMMENT ON COLUMN enrollment_task.due_on IS 'Day by which it should be done.';

COMMENT ON COLUMN enrollment_task.completed_at IS 'When it was done.';

CREATE INDEX enrollment_task_partner_idx ON enrollment_task (partner);

CREATE INDEX enrollment_task_partner_program_code_idx ON enrollment_task (partner, program, code) WHERE program IS NOT NULL;

CREATE INDEX enrollment_task_program_idx ON enrollment_task (program) WHERE program IS NOT NULL;

CREATE TABLE named_account (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	organization UUID NOT NULL, 
	product_line UUID, 
	reserved_for TEXT NOT NULL, 
	partner UUID, 
	owner_name TEXT, 
	valid_from DATE NOT NULL, 
	valid_to DATE, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_named_account PRIMARY KEY (id), 
	CONSTRAINT ck_named_account_reserved_for_choice CHECK ("reserved_for" = ANY (ARRAY['direct', 'partner'])), 
	CONSTRAINT fk_named_account_organization FOREIGN KEY(organization) REFERENCES organization (id), 
	CONSTRAINT fk_named_account_product_line FOREIGN KEY(product_line) REFERENCES product_line (id) ON DELETE SET NULL, 
	CONSTRAINT fk_named_account_partner FOREIGN KEY(partner) REFERENCES partner (id) ON DELETE SET NULL, 
	CONSTRAINT ck_named_account_validity CHECK (valid_to > valid_from)
);

COMMENT ON TABLE named_account IS 'A customer that is reserved for direct sales, or for a partner, over a time.';

COMMENT ON COLUMN named_account.organization IS 'The customer.';

COMMENT ON COLUMN named_account.product_line IS 'The line it is limited to.';

COMMENT ON COLUMN named_account.reserved_for IS 'For whom.';

COMMENT ON COLUMN named_account.partner IS 'The partner it is reserved for.';

COMMENT ON COLUMN named_account.owner_name IS 'Our seller who looks after it.';

COMMENT ON COLUMN named_account.valid_from IS 'First day on which it holds.';

COMMENT ON COLUMN named_account.valid_to IS 'First day on which it no longer holds; empty while no end is known.';

CREATE UNIQUE INDEX named_account_organization_product_line_from_key ON named_account (organization, product_line, valid_from) NULLS NOT DISTINCT WHERE deleted_at IS NULL AND merged_into IS NULL;

CREATE UNIQUE INDEX named_account_organization_product_line_open_key ON named_account (organization, product_line) NULLS NOT DISTINCT WHERE deleted_at IS NULL AND merged_into IS NULL AND valid_to IS NULL;

CREATE INDEX named_account_partner_idx ON named_account (partner) WHERE partner IS NOT NULL;

CREATE INDEX named_account_product_line_idx ON named_account (product_line) WHERE product_line IS NOT NULL;

CREATE TABLE opportunity (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	name TEXT NOT NULL, 
	account UUID, 
	stage TEXT, 
	amount NUMERIC, 
	amount_currency TEXT, 
	close_date DATE, 
	probability NUMERIC, 
	is_closed BOOLEAN, 
	is_won BOOLEAN, 
	is_direct BOOLEAN, 
	owner_name TEXT, 
	partner UUID, 
	last_activity_on DATE, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_opportunity PRIMARY KEY (id), 
	CONSTRAINT ck_opportunity_amount_has_currency CHECK (("amount" IS NULL) = (amount_currency IS NULL)), 
	CONSTRAINT fk_opportunity_account FOREIGN KEY(account) REFERENCES organization (id) ON DELETE SET NULL, 
	CONSTRAINT fk_opportunity_partner FOREIGN KEY(partner) REFERENCES partner (id) ON DELETE SET NULL
);

COMMENT ON TABLE opportunity IS 'A sales opportunity as our CRM holds it; direct sellers own its amount, stage and close date.';

COMMENT ON COLUMN opportunity.name IS 'Title of the opportunity.';

COMMENT ON COLUMN opportunity.account IS 'The end customer.';

COMMENT ON COLUMN opportunity.stage IS 'Sales stage in the CRM''s own words.';

COMMENT ON COLUMN opportunity.amount IS 'Expected value.';

COMMENT ON COLUMN opportunity.close_date IS 'Day on which it is expected to close.';

COMMENT ON COLUMN opportunity.probability IS 'Chance of winning, from 0 to 1.';

COMMENT ON COLUMN opportunity.is_closed IS 'Whether it is decided.';

COMMENT ON COLUMN opportunity.is_won IS 'Whether it was won.';

COMMENT ON COLUMN opportunity.is_direct IS 'Whether our own sellers work on it without a partner.';

COMMENT ON COLUMN opportunity.owner_name IS 'Seller who owns it in the CRM.';

COMMENT ON COLUMN opportunity.partner IS 'The partner on the opportunity.';

COMMENT ON COLUMN opportunity.last_activity_on IS 'Day of the last contact with the customer.';

CREATE INDEX opportunity_account_idx ON opportunity (account) WHERE account IS NOT NULL;

CREATE INDEX opportunity_partner_idx ON opportunity (partner) WHERE partner IS NOT NULL;

CREATE TABLE partner_relationship (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	upstream UUID NOT NULL, 
	downstream UUID NOT NULL, 
	kind TEXT NOT NULL, 
	valid_from DATE NOT NULL, 
	valid_to DATE, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_partner_relationship PRIMARY KEY (id), 
	CONSTRAINT ck_partner_relationship_kind_choice CHECK ("kind" = ANY (ARRAY['distributes_to', 'sub_agent', 'franchise'])), 
	CONSTRAINT fk_partner_relationship_upstream FOREIGN KEY(upstream) REFERENCES partner (id), 
	CONSTRAINT fk_partner_relationship_downstream FOREIGN KEY(downstream) REFERENCES partner (id), 
	CONSTRAINT ck_partner_relationship_validity CHECK (valid_to > valid_from)
);

COMMENT ON TABLE partner_relationship IS 'An edge of the partner hierarchy, which may have any depth but no circle.';

COMMENT ON COLUMN partner_relationship.upstream IS 'The partner nearer to us, such as the distributor.';

COMMENT ON COLUMN partner_relationship.downstream IS 'The partner behind it, such as the reseller.';

COMMENT ON COLUMN partner_relationship.kind IS 'What the edge says.';

COMMENT ON COLUMN partner_relationship.valid_from IS 'First day on which it holds.';

COMMENT ON COLUMN partner_relationship.valid_to IS 'First day on which it no longer holds; empty while no end is known.';

CREATE INDEX partner_relationship_downstream_idx ON partner_relationship (downstream);

CREATE UNIQUE INDEX partner_relationship_upstream_downstream_kind_from_key ON partner_relationship (upstream, downstream, kind, valid_from) NULLS NOT DISTINCT WHERE deleted_at IS NULL AND merged_into IS NULL;

CREATE UNIQUE INDEX partner_relationship_upstream_downstream_kind_open_key ON partner_relationship (upstream, downstream, kind) NULLS NOT DISTINCT WHERE deleted_at IS NULL AND merged_into IS NULL AND valid_to IS NULL;

CREATE TABLE partner_role (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	partner UUID NOT NULL, 
	role TEXT NOT NULL, 
	valid_from DATE NOT NULL, 
	valid_to DATE, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_partner_role PRIMARY KEY (id), 
	CONSTRAINT ck_partner_role_role_choice CHECK ("role" = ANY (ARRAY['reseller', 'distributor', 'technology', 'cosell', 'referral', 'msp', 'mssp', 'isv', 'si', 'agent', 'dealer'])), 
	CONSTRAINT fk_partner_role_partner FOREIGN KEY(partner) REFERENCES partner (id), 
	CONSTRAINT ck_partner_role_validity CHECK (valid_to > valid_from)
);

COMMENT ON TABLE partner_role IS 'A role that a partner holds over a time; several at once are normal.';

COMMENT ON COLUMN partner_role.partner IS 'Who holds the role.';

COMMENT ON COLUMN partner_role.role IS 'The role.';

COMMENT ON COLUMN partner_role.valid_from IS 'First day on which it holds.';

COMMENT ON COLUMN partner_role.valid_to IS 'First day on which it no longer holds; empty while no end is known.';

CREATE UNIQUE INDEX partner_role_partner_role_from_key ON partner_role (partner, role, valid_from) NULLS NOT DISTINCT WHERE deleted_at IS NULL AND merged_into IS NULL;

CREATE UNIQUE INDEX partner_role_partner_role_open_key ON partner_role (partner, role) NULLS NOT DISTINCT WHERE deleted_at IS NULL AND merged_into IS NULL AND valid_to IS NULL;

CREATE TABLE program_membership (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	partner UUID NOT NULL, 
	program UUID NOT NULL, 
	tier UUID, 
	member_number TEXT, 
	reason TEXT, 
	valid_from DATE NOT NULL, 
	valid_to DATE, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_program_membership PRIMARY KEY (id), 
	CONSTRAINT fk_program_membership_partner FOREIGN KEY(partner) REFERENCES partner (id), 
	CONSTRAINT fk_program_membership_program FOREIGN KEY(program) REFERENCES program (id), 
	CONSTRAINT fk_program_membership_tier FOREIGN KEY(tier) REFERENCES program_tier (id) ON DELETE SET NULL, 
	CONSTRAINT ck_program_membership_validity CHECK (valid_to > valid_from)
);

COMMENT ON TABLE program_membership IS 'A partner''s tier in a programme over a time; a change of tier is a new row.';

COMMENT ON COLUMN program_membership.partner IS 'The member.';

COMMENT ON COLUMN program_membership.program IS 'The programme.';

COMMENT ON COLUMN program_membership.tier IS 'The tier held.';

COMMENT ON COLUMN program_membership.member_number IS 'Number of the membership.';

COMMENT ON COLUMN program_membership.reason IS 'Why the row began: joined, requirements met, review, downgrade.';

COMMENT ON COLUMN program_membership.valid_from IS 'First day on which it holds.';

COMMENT ON COLUMN program_membership.valid_to IS 'First day on which it no longer holds; empty while no end is known.';

CREATE UNIQUE INDEX program_membership_partner_program_from_key ON program_membership (partner, program, valid_from) NULLS NOT DISTINCT WHERE deleted_at IS NULL AND merged_into IS NULL;

CREATE UNIQUE INDEX program_membership_partner_program_open_key ON program_membership (partner, program) NULLS NOT DISTINCT WHERE deleted_at IS NULL AND merged_into IS NULL AND valid_to IS NULL;

CREATE INDEX program_membership_program_idx ON program_membership (program);

CREATE INDEX program_membership_tier_idx ON program_membership (tier) WHERE tier IS NOT NULL;

CREATE TABLE tier_requirement (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	tier UUID NOT NULL, 
	metric TEXT NOT NULL, 
	minimum NUMERIC NOT NULL, 
	currency TEXT, 
	window_months BIGINT, 
	valid_from DATE NOT NULL, 
	valid_to DATE, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_tier_requirement PRIMARY KEY (id), 
	CONSTRAINT fk_tier_requirement_tier FOREIGN KEY(tier) REFERENCES program_tier (id), 
	CONSTRAINT ck_tier_requirement_validity CHECK (valid_to > valid_from)
);

COMMENT ON TABLE tier_requirement IS 'What a partner must reach to be in a tier; all requirements of a tier count together.';

COMMENT ON COLUMN tier_requirement.tier IS 'The tier.';

COMMENT ON COLUMN tier_requirement.metric IS 'Name of the measured figure, such as certified_people.';

COMMENT ON COLUMN tier_requirement.minimum IS 'The least value that fulfils it.';

COMMENT ON COLUMN tier_requirement.currency IS 'ISO 4217 code, where the figure is an amount.';

COMMENT ON COLUMN tier_requirement.window_months IS 'Months over which the figure is counted; empty means since ever.';

COMMENT ON COLUMN tier_requirement.valid_from IS 'First day on which it holds.';

COMMENT ON COLUMN tier_requirement.valid_to IS 'First day on which it no longer holds; empty while no end is known.';

CREATE UNIQUE INDEX tier_requirement_tier_metric_from_key ON tier_requirement (tier, metric, valid_from) NULLS NOT DISTINCT WHERE deleted_at IS NULL AND merged_into IS NULL;

CREATE UNIQUE INDEX tier_requirement_tier_metric_open_key ON tier_requirement (tier, metric) NULLS NOT DISTINCT WHERE deleted_at IS NULL AND merged_into IS NULL AND valid_to IS NULL;

CREATE TABLE activity (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	subject TEXT NOT NULL, 
	kind TEXT, 
	happened_at TIMESTAMP WITH TIME ZONE, 
	account UUID, 
	opportunity UUID, 
	person UUID, 
	owner_name TEXT, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_activity PRIMARY KEY (id), 
	CONSTRAINT ck_activity_kind_choice CHECK ("kind" = ANY (ARRAY['call', 'mail', 'meeting', 'task', 'note'])), 
	CONSTRAINT fk_activity_account FOREIGN KEY(account) REFERENCES organization (id) ON DELETE SET NULL, 
	CONSTRAINT fk_activity_opportunity FOREIGN KEY(opportunity) REFERENCES opportunity (id) ON DELETE SET NULL, 
	CONSTRAINT fk_activity_person FOREIGN KEY(person) REFERENCES person (id) ON DELETE SET NULL
);

COMMENT ON TABLE activity IS 'A contact with a customer as our CRM logged it.';

COMMENT ON COLUMN activity.subject IS 'What it was about.';

COMMENT ON COLUMN activity.kind IS 'How it took place.';

COMMENT ON COLUMN activity.happened_at IS 'When it took place.';

COMMENT ON COLUMN activity.account IS 'The customer.';

COMMENT ON COLUMN activity.opportunity IS 'The opportunity.';

COMMENT ON COLUMN activity.person IS 'With whom.';

COMMENT ON COLUMN activity.owner_name IS 'Our seller.';

CREATE INDEX activity_account_idx ON activity (account) WHERE account IS NOT NULL;

CREATE INDEX activity_opportunity_idx ON activity (opportunity) WHERE opportunity IS NOT NULL;

CREATE INDEX activity_person_idx ON activity (person) WHERE person IS NOT NULL;

CREATE TABLE deal_registration (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	name TEXT NOT NULL, 
	partner UUID, 
	partner_reference TEXT, 
	on_behalf_of UUID, 
	customer UUID, 
	customer_name TEXT, 
	customer_domain TEXT, 
	customer_country TEXT, 
	amount NUMERIC, 
	amount_currency TEXT, 
	close_date DATE, 
	stage TEXT, 
	review_status TEXT, 
	product_lines TEXT[], 
	submitted_at TIMESTAMP WITH TIME ZONE, 
	complete_at TIMESTAMP WITH TIME ZONE, 
	eligible_at TIMESTAMP WITH TIME ZONE, 
	decided_at TIMESTAMP WITH TIME ZONE, 
	rejection_code TEXT, 
	rejection_reason TEXT, 
	protection_ends DATE, 
	opportunity UUID, 
	description TEXT, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_deal_registration PRIMARY KEY (id), 
	CONSTRAINT ck_deal_registration_amount_has_currency CHECK (("amount" IS NULL) = (amount_currency IS NULL)), 
	CONSTRAINT ck_deal_registration_stage_choice CHECK ("stage" = ANY (ARRAY['draft', 'submitted', 'in_review', 'approved', 'rejected', 'won', 'lost', 'expired', 'withdrawn'])), 
	CONSTRAINT ck_deal_registration_review_status_choice CHECK ("review_status" = ANY (ARRAY['draft', 'submitted', 'screening', 'needs_info', 'conflict_review', 'pending_approval', 'approved', 'approved_teaming', 'rejected', 'extended', 'amended', 'won', 'lost', 'expired', 'withdrawn', 'revoked', 'appealed', 'merged'])), 
	CONSTRAINT ck_deal_registration_product_lines_choice CHECK ("product_lines" <@ (ARRAY['core', 'cloud', 'security', 'services'])), 
	CONSTRAINT ck_deal_registration_rejection_code_choice CHECK ("rejection_code" = ANY (ARRAY['duplicate_other_partner', 'duplicate_same_partner', 'direct_active', 'existing_customer', 'former_customer', 'renewal', 'named_account', 'tender_published', 'below_minimum', 'outside_territory', 'product_not_authorised', 'partner_not_authorised', 'not_certified', 'insufficient_information', 'not_substantiated', 'not_viable', 'wrong_channel', 'expired_before_action', 'compliance', 'other'])), 
	CONSTRAINT fk_deal_registration_partner FOREIGN KEY(partner) REFERENCES partner (id) ON DELETE SET NULL, 
	CONSTRAINT fk_deal_registration_on_behalf_of FOREIGN KEY(on_behalf_of) REFERENCES partner (id) ON DELETE SET NULL, 
	CONSTRAINT fk_deal_registration_customer FOREIGN KEY(customer) REFERENCES organization (id) ON DELETE SET NULL, 
	CONSTRAINT fk_deal_registration_opportunity FOREIGN KEY(opportunity) REFERENCES opportunity (id) ON DELETE SET NULL
);

COMMENT ON TABLE deal_registration IS 'A partner''s claim to an opportunity at an end customer, checked for conflicts when it arrives.';

COMMENT ON COLUMN deal_registration.name IS 'Short title of the deal.';

COMMENT ON COLUMN deal_registration.partner IS 'Who registered it.';

COMMENT ON COLUMN deal_registration.partner_reference IS 'The partner''s own reference, unique per partner.';

COMMENT ON COLUMN deal_registration.on_behalf_of IS 'The partner that a distributor registered it for.';

COMMENT ON COLUMN deal_registration.customer IS 'The end customer, once recognised.';

COMMENT ON COLUMN deal_registration.customer_name IS 'The end customer as the partner wrote it.';

COMMENT ON COLUMN deal_registration.customer_domain IS 'Registrable domain of the end customer, lower case.';

COMMENT ON COLUMN deal_registration.customer_country IS 'ISO 3166-1 alpha-2 code of the end customer.';

COMMENT ON COLUMN deal_registration.amount IS 'Expected value of the deal.';

COMMENT ON COLUMN deal_registration.close_date IS 'Day on which the deal is expected to close.';

COMMENT ON COLUMN deal_registration.stage IS 'Stage of the deal as CRMs show it.';

COMMENT ON COLUMN deal_registration.review_status IS 'Where the review stands; independent of stage.';

COMMENT ON COLUMN deal_registration.product_lines IS 'Product lines that the deal is about.';

COMMENT ON COLUMN deal_registration.submitted_at IS 'When it was handed in, by our clock.';

COMMENT ON COLUMN deal_registration.complete_at IS 'When everything required was there.';

COMMENT ON COLUMN deal_registration.eligible_at IS 'When it was complete and passed all gates: first to register counts here.';

COMMENT ON COLUMN deal_registration.decided_at IS 'When it was approved or rejected.';

COMMENT ON COLUMN deal_registration.rejection_code IS 'Why it was rejected.';

COMMENT ON COLUMN deal_registration.rejection_reason IS 'Why it was rejected, in words for the partner.';

COMMENT ON COLUMN deal_registration.protection_ends IS 'Last day on which the deal is protected.';

COMMENT ON COLUMN deal_registration.opportunity IS 'The opportunity in our CRM.';

COMMENT ON COLUMN deal_registration.description IS 'The project in the partner''s words.';

CREATE INDEX deal_registration_customer_idx ON deal_registration (customer) WHERE customer IS NOT NULL;

CREATE INDEX deal_registration_on_behalf_of_idx ON deal_registration (on_behalf_of) WHERE on_behalf_of IS NOT NULL;

CREATE INDEX deal_registration_opportunity_idx ON deal_registration (opportunity) WHERE opportunity IS NOT NULL;

CREATE INDEX deal_registration_partner_idx ON deal_registration (partner) WHERE partner IS NOT NULL;

CREATE INDEX deal_registration_partner_partner_reference_idx ON deal_registration (partner, partner_reference) WHERE partner IS NOT NULL AND partner_reference IS NOT NULL;

CREATE TABLE partner_authorization (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	partner UUID NOT NULL, 
	product_line UUID NOT NULL, 
	territory UUID, 
	contract UUID, 
	status TEXT, 
	valid_from DATE NOT NULL, 
	valid_to DATE, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_partner_authorization PRIMARY KEY (id), 
	CONSTRAINT ck_partner_authorization_status_choice CHECK ("status" = ANY (ARRAY['granted', 'suspended', 'revoked'])), 
	CONSTRAINT fk_partner_authorization_partner FOREIGN KEY(partner) REFERENCES partner (id), 
	CONSTRAINT fk_partner_authorization_product_line FOREIGN KEY(product_line) REFERENCES product_line (id), 
	CONSTRAINT fk_partner_authorization_territory FOREIGN KEY(territory) REFERENCES territory (id) ON DELETE SET NULL, 
	CONSTRAINT fk_partner_authorization_contract FOREIGN KEY(contract) REFERENCES contract (id) ON DELETE SET NULL, 
	CONSTRAINT ck_partner_authorization_validity CHECK (valid_to > valid_from)
);

COMMENT ON TABLE partner_authorization IS 'A partner''s right to sell a product line in a territory.';

COMMENT ON COLUMN partner_authorization.partner IS 'Who may sell.';

COMMENT ON COLUMN partner_authorization.product_line IS 'What may be sold.';

COMMENT ON COLUMN partner_authorization.territory IS 'Where; empty means everywhere.';

COMMENT ON COLUMN partner_authorization.contract IS 'The contract that grants it.';

COMMENT ON COLUMN partner_authorization.status IS 'Whether the right can be used.';

COMMENT ON COLUMN partner_authorization.valid_from IS 'First day on which it holds.';

COMMENT ON COLUMN partner_authorization.valid_to IS 'First day on which it no longer holds; empty while no end is known.';

CREATE INDEX partner_authorization_contract_idx ON partner_authorization (contract) WHERE contract IS NOT NULL;

CREATE UNIQUE INDEX partner_authorization_partner_product_line_territory_from_key ON partner_authorization (partner, product_line, territory, valid_from) NULLS NOT DISTINCT WHERE deleted_at IS NULL AND merged_into IS NULL;

CREATE UNIQUE INDEX partner_authorization_partner_product_line_territory_open_key ON partner_authorization (partner, product_line, territory) NULLS NOT DISTINCT WHERE deleted_at IS NULL AND merged_into IS NULL AND valid_to IS NULL;

CREATE INDEX partner_authorization_product_line_idx ON partner_authorization (product_line);

CREATE INDEX partner_authorization_territory_idx ON partner_authorization (territory) WHERE territory IS NOT NULL;

CREATE TABLE plan_target (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	plan UUID NOT NULL, 
	metric TEXT NOT NULL, 
	product_line UUID, 
	quarter BIGINT, 
	amount NUMERIC, 
	amount_currency TEXT, 
	quantity NUMERIC, 
	due_on DATE, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_plan_target PRIMARY KEY (id), 
	CONSTRAINT ck_plan_target_amount_has_currency CHECK (("amount" IS NULL) = (amount_currency IS NULL)), 
	CONSTRAINT fk_plan_target_plan FOREIGN KEY(plan) REFERENCES business_plan (id), 
	CONSTRAINT fk_plan_target_product_line FOREIGN KEY(product_line) REFERENCES product_line (id) ON DELETE SET NULL
);

COMMENT ON TABLE plan_target IS 'A figure that a business plan aims at.';

COMMENT ON COLUMN plan_target.plan IS 'The plan.';

COMMENT ON COLUMN plan_target.metric IS 'Name of the measured figure, such as revenue.';

COMMENT ON COLUMN plan_target.product_line IS 'The line it is limited to.';

COMMENT ON COLUMN plan_target.quarter IS 'Quarter of the period, from 1; empty means the whole period.';

COMMENT ON COLUMN plan_target.amount IS 'The target, where it is an amount.';

COMMENT ON COLUMN plan_target.quantity IS 'The target, where it is a count.';

COMMENT ON COLUMN plan_target.due_on IS 'Day by which it should be reached.';

CREATE INDEX plan_target_plan_idx ON plan_target (plan);

CREATE INDEX plan_target_plan_metric_product_line_quarter_idx ON plan_target (plan, metric, product_line, quarter) WHERE product_line IS NOT NULL AND quarter IS NOT NULL;

CREATE INDEX plan_target_product_line_idx ON plan_target (product_line) WHERE product_line IS NOT NULL;

CREATE TABLE cosell_engagement (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	name TEXT NOT NULL, 
	partner UUID NOT NULL, 
	customer UUID, 
	opportunity UUID, 
	deal UUID, 
	status TEXT, 
	partner_contact UUID, 
	started_on DATE, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_cosell_engagement PRIMARY KEY (id), 
	CONSTRAINT ck_cosell_engagement_status_choice CHECK ("status" = ANY (ARRAY['proposed', 'accepted', 'active', 'won', 'lost', 'ended'])), 
	CONSTRAINT fk_cosell_engagement_partner FOREIGN KEY(partner) REFERENCES partner (id), 
	CONSTRAINT fk_cosell_engagement_customer FOREIGN KEY(customer) REFERENCES organization (id) ON DELETE SET NULL, 
	CONSTRAINT fk_cosell_engagement_opportunity FOREIGN KEY(opportunity) REFERENCES opportunity (id) ON DELETE SET NULL, 
	CONSTRAINT fk_cosell_engagement_deal FOREIGN KEY(deal) REFERENCES deal_registration (id) ON DELETE SET NULL, 
	CONSTRAINT fk_cosell_engagement_partner_contact FOREIGN KEY(partner_contact) REFERENCES contact (id) ON DELETE SET NULL
);

COMMENT ON TABLE cosell_engagement IS 'Joint work of our sellers and a partner''s on one customer.';

COMMENT ON COLUMN cosell_engagement.name IS 'Title of the engagement.';

COMMENT ON COLUMN cosell_engagement.partner IS 'With whom we work.';

COMMENT ON COLUMN cosell_engagement.customer IS 'The customer.';

COMMENT ON COLUMN cosell_engagement.opportunity IS 'Our opportunity.';

COMMENT ON COLUMN cosell_engagement.deal IS 'The partner''s registration.';

COMMENT ON COLUMN cosell_engagement.status IS 'Where it stands.';

COMMENT ON COLUMN cosell_engagement.partner_contact IS 'Who leads it at the partner.';

COMMENT ON COLUMN cosell_engagement.started_on IS 'First day of the joint work.';

CREATE INDEX cosell_engagement_customer_idx ON cosell_engagement (customer) WHERE customer IS NOT NULL;

CREATE INDEX cosell_engagement_deal_idx ON cosell_engagement (deal) WHERE deal IS NOT NULL;

CREATE INDEX cosell_engagement_opportunity_idx ON cosell_engagement (opportunity) WHERE opportunity IS NOT NULL;

CREATE INDEX cosell_engagement_partner_contact_idx ON cosell_engagement (partner_contact) WHERE partner_contact IS NOT NULL;

CREATE INDEX cosell_engagement_partner_idx ON cosell_engagement (partner);

CREATE TABLE deal_event (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	deal UUID NOT NULL, 
	kind TEXT NOT NULL, 
	happened_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	actor TEXT, 
	from_status TEXT, 
	to_status TEXT, 
	reason_code TEXT, 
	note TEXT, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_deal_event PRIMARY KEY (id), 
	CONSTRAINT ck_deal_event_from_status_choice CHECK ("from_status" = ANY (ARRAY['draft', 'submitted', 'screening', 'needs_info', 'conflict_review', 'pending_approval', 'approved', 'approved_teaming', 'rejected', 'extended', 'amended', 'won', 'lost', 'expired', 'withdrawn', 'revoked', 'appealed', 'merged'])), 
	CONSTRAINT ck_deal_event_to_status_choice CHECK ("to_status" = ANY (ARRAY['draft', 'submitted', 'screening', 'needs_info', 'conflict_review', 'pending_approval', 'approved', 'approved_teaming', 'rejected', 'extended', 'amended', 'won', 'lost', 'expired', 'withdrawn', 'revoked', 'appealed', 'merged'])), 
	CONSTRAINT ck_deal_event_reason_code_choice CHECK ("reason_code" = ANY (ARRAY['duplicate_other_partner', 'duplicate_same_partner', 'direct_active', 'existing_customer', 'former_customer', 'renewal', 'named_account', 'tender_published', 'below_minimum', 'outside_territory', 'product_not_authorised', 'partner_not_authorised', 'not_certified', 'insufficient_information', 'not_substantiated', 'not_viable', 'wrong_channel', 'expired_before_action', 'compliance', 'other'])), 
	CONSTRAINT fk_deal_event_deal FOREIGN KEY(deal) REFERENCES deal_registration (id)
);

COMMENT ON TABLE deal_event IS 'Something that happened to a deal; rows are added, never changed.';

COMMENT ON COLUMN deal_event.deal IS 'The registration.';

COMMENT ON COLUMN deal_event.kind IS 'What happened, such as submitted or approved.';

COMMENT ON COLUMN deal_event.happened_at IS 'When, by our clock.';

COMMENT ON COLUMN deal_event.actor IS 'Who or what did it.';

COMMENT ON COLUMN deal_event.from_status IS 'Review status before.';

COMMENT ON COLUMN deal_event.to_status IS 'Review status after.';

COMMENT ON COLUMN deal_event.reason_code IS 'Reason of a decision.';

COMMENT ON COLUMN deal_event.note IS 'What people have to know about it.';

CREATE INDEX deal_event_deal_idx ON deal_event (deal);

CREATE TABLE deal_evidence (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	deal UUID NOT NULL, 
	name TEXT NOT NULL, 
	kind TEXT, 
	dated_on DATE, 
	received_at TIMESTAMP WITH TIME ZONE, 
	location TEXT, 
	sha256 TEXT, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_deal_evidence PRIMARY KEY (id), 
	CONSTRAINT ck_deal_evidence_kind_choice CHECK ("kind" = ANY (ARRAY['mail', 'meeting_note', 'quote', 'tender', 'purchase_order', 'other'])), 
	CONSTRAINT fk_deal_evidence_deal FOREIGN KEY(deal) REFERENCES deal_registration (id)
);

COMMENT ON TABLE deal_evidence IS 'Proof that a partner hands in with a deal or an appeal.';

COMMENT ON COLUMN deal_evidence.deal IS 'The registration.';

COMMENT ON COLUMN deal_evidence.name IS 'File name or title.';

COMMENT ON COLUMN deal_evidence.kind IS 'What sort of proof it is.';

COMMENT ON COLUMN deal_evidence.dated_on IS 'The proof''s own date.';

COMMENT ON COLUMN deal_evidence.received_at IS 'When it reached us.';

COMMENT ON COLUMN deal_evidence.location IS 'Where the document is kept.';

COMMENT ON COLUMN deal_evidence.sha256 IS 'Digest of the document, hexadecimal.';

CREATE INDEX deal_evidence_deal_idx ON deal_evidence (deal);

CREATE INDEX deal_evidence_deal_sha256_idx ON deal_evidence (deal, sha256) WHERE sha256 IS NOT NULL;

CREATE TABLE deal_line (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	deal UUID NOT NULL, 
	line_number BIGINT NOT NULL, 
	product_line UUID, 
	sku TEXT, 
	description TEXT, 
	quantity NUMERIC, 
	unit_price NUMERIC, 
	unit_price_currency TEXT, 
	term_months BIGINT, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_deal_line PRIMARY KEY (id), 
	CONSTRAINT ck_deal_line_unit_price_has_currency CHECK (("unit_price" IS NULL) = (unit_price_currency IS NULL)), 
	CONSTRAINT fk_deal_line_deal FOREIGN KEY(deal) REFERENCES deal_registration (id), 
	CONSTRAINT fk_deal_line_product_line FOREIGN KEY(product_line) REFERENCES product_line (id) ON DELETE SET NULL
);

COMMENT ON TABLE deal_line IS 'What is to be sold in a deal.';

COMMENT ON COLUMN deal_line.deal IS 'The registration.';

COMMENT ON COLUMN deal_line.line_number IS 'Number of the line in the deal, from 1.';

COMMENT ON COLUMN deal_line.product_line IS 'The family the product belongs to.';

COMMENT ON COLUMN deal_line.sku IS 'Our article number.';

COMMENT ON COLUMN deal_line.description IS 'The product in words.';

COMMENT ON COLUMN deal_line.quantity IS 'How many.';

COMMENT ON COLUMN deal_line.unit_price IS 'Price of one.';

COMMENT ON COLUMN deal_line.term_months IS 'Term of a subscription.';

CREATE INDEX deal_line_deal_line_number_idx ON deal_line (deal, line_number);

CREATE INDEX deal_line_product_line_idx ON deal_line (product_line) WHERE product_line IS NOT NULL;

CREATE TABLE deal_party (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	deal UUID NOT NULL, 
	partner UUID NOT NULL, 
	role TEXT NOT NULL, 
	on_behalf_of UUID, 
	credit NUMERIC, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_deal_party PRIMARY KEY (id), 
	CONSTRAINT ck_deal_party_role_choice CHECK ("role" = ANY (ARRAY['distributor', 'reseller', 'referrer', 'influencer', 'services', 'fulfil'])), 
	CONSTRAINT fk_deal_party_deal FOREIGN KEY(deal) REFERENCES deal_registration (id), 
	CONSTRAINT fk_deal_party_partner FOREIGN KEY(partner) REFERENCES partner (id), 
	CONSTRAINT fk_deal_party_on_behalf_of FOREIGN KEY(on_behalf_of) REFERENCES partner (id) ON DELETE SET NULL
);

COMMENT ON TABLE deal_party IS 'A partner''s role on a deal; a distributor and a reseller on one deal are no conflict.';

COMMENT ON COLUMN deal_party.deal IS 'The registration.';

COMMENT ON COLUMN deal_party.partner IS 'Who takes part.';

COMMENT ON COLUMN deal_party.role IS 'What the partner does on the deal.';

COMMENT ON COLUMN deal_party.on_behalf_of IS 'The partner that it acts for.';

COMMENT ON COLUMN deal_party.credit IS 'Share of the credit, from 0 to 1.';

CREATE INDEX deal_party_deal_partner_role_idx ON deal_party (deal, partner, role);

CREATE INDEX deal_party_on_behalf_of_idx ON deal_party (on_behalf_of) WHERE on_behalf_of IS NOT NULL;

CREATE INDEX deal_party_partner_idx ON deal_party (partner);

CREATE TABLE lead (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	company TEXT NOT NULL, 
	customer UUID, 
	domain TEXT, 
	country TEXT, 
	contact_name TEXT, 
	email TEXT, 
	phone TEXT, 
	kind TEXT, 
	status TEXT, 
	partner UUID, 
	deal UUID, 
	received_at TIMESTAMP WITH TIME ZONE, 
	description TEXT, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_lead PRIMARY KEY (id), 
	CONSTRAINT ck_lead_kind_choice CHECK ("kind" = ANY (ARRAY['campaign', 'referral', 'vendor_distributed'])), 
	CONSTRAINT ck_lead_status_choice CHECK ("status" = ANY (ARRAY['new', 'assigned', 'accepted', 'converted', 'lost'])), 
	CONSTRAINT fk_lead_customer FOREIGN KEY(customer) REFERENCES organization (id) ON DELETE SET NULL, 
	CONSTRAINT fk_lead_partner FOREIGN KEY(partner) REFERENCES partner (id) ON DELETE SET NULL, 
	CONSTRAINT fk_lead_deal FOREIGN KEY(deal) REFERENCES deal_registration (id) ON DELETE SET NULL
);

COMMENT ON TABLE lead IS 'A possible customer that a campaign or a partner brought in.';

COMMENT ON COLUMN lead.company IS 'Name of the possible customer.';

COMMENT ON COLUMN lead.customer IS 'The customer, once recognised.';

COMMENT ON COLUMN lead.domain IS 'Registrable domain, lower case.';

COMMENT ON COLUMN lead.country IS 'ISO 3166-1 alpha-2 code.';

COMMENT ON COLUMN lead.contact_name IS 'Who showed interest.';

COMMENT ON COLUMN lead.email IS 'Mail address, lower case.';

COMMENT ON COLUMN lead.phone IS 'Number in E.164 form.';

COMMENT ON COLUMN lead.kind IS 'Who brought it.';

COMMENT ON COLUMN lead.status IS 'Where it stands.';

COMMENT ON COLUMN lead.partner IS 'Who works on it or referred it.';

COMMENT ON COLUMN lead.deal IS 'The registration that it became.';

COMMENT ON COLUMN lead.received_at IS 'When it arrived.';

COMMENT ON COLUMN lead.description IS 'What the customer looks for.';

CREATE INDEX lead_customer_idx ON lead (customer) WHERE customer IS NOT NULL;

CREATE INDEX lead_deal_idx ON lead (deal) WHERE deal IS NOT NULL;

CREATE INDEX lead_email_company_idx ON lead (email, company) WHERE email IS NOT NULL;

CREATE INDEX lead_partner_idx ON lead (partner) WHERE partner IS NOT NULL;

CREATE TABLE order_line (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	partner UUID, 
	customer UUID, 
	order_number TEXT NOT NULL, 
	line_number TEXT NOT NULL, 
	deal UUID, 
	product_line UUID, 
	sku TEXT, 
	quantity NUMERIC, 
	unit_price NUMERIC, 
	unit_price_currency TEXT, 
	total NUMERIC, 
	total_currency TEXT, 
	ordered_on DATE, 
	status TEXT, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_order_line PRIMARY KEY (id), 
	CONSTRAINT ck_order_line_unit_price_has_currency CHECK (("unit_price" IS NULL) = (unit_price_currency IS NULL)), 
	CONSTRAINT ck_order_line_total_has_currency CHECK (("total" IS NULL) = (total_currency IS NULL)), 
	CONSTRAINT ck_order_line_status_choice CHECK ("status" = ANY (ARRAY['booked', 'shipped', 'cancelled', 'returned'])), 
	CONSTRAINT fk_order_line_partner FOREIGN KEY(partner) REFERENCES partner (id) ON DELETE SET NULL, 
	CONSTRAINT fk_order_line_customer FOREIGN KEY(customer) REFERENCES organization (id) ON DELETE SET NULL, 
	CONSTRAINT fk_order_line_deal FOREIGN KEY(deal) REFERENCES deal_registration (id) ON DELETE SET NULL, 
	CONSTRAINT fk_order_line_product_line FOREIGN KEY(product_line) REFERENCES product_line (id) ON DELETE SET NULL
);

COMMENT ON TABLE order_line IS 'A line of an order that was placed with us.';

COMMENT ON COLUMN order_line.partner IS 'Who ordered.';

COMMENT ON COLUMN order_line.customer IS 'The end customer.';

COMMENT ON COLUMN order_line.order_number IS 'Number of the order.';

COMMENT ON COLUMN order_line.line_number IS 'Number of the line in the order.';

COMMENT ON COLUMN order_line.deal IS 'The registration.';

COMMENT ON COLUMN order_line.product_line IS 'The family the product belongs to.';

COMMENT ON COLUMN order_line.sku IS 'Our article number.';

COMMENT ON COLUMN order_line.quantity IS 'How many; negative for a return.';

COMMENT ON COLUMN order_line.unit_price IS 'Price of one.';

COMMENT ON COLUMN order_line.total IS 'Price of the line without tax.';

COMMENT ON COLUMN order_line.ordered_on IS 'Day of the order.';

COMMENT ON COLUMN order_line.status IS 'Where it stands.';

CREATE INDEX order_line_customer_idx ON order_line (customer) WHERE customer IS NOT NULL;

CREATE INDEX order_line_deal_idx ON order_line (deal) WHERE deal IS NOT NULL;

CREATE INDEX order_line_order_number_line_number_idx ON order_line (order_number, line_number);

CREATE INDEX order_line_partner_idx ON order_line (partner) WHERE partner IS NOT NULL;

CREATE INDEX order_line_product_line_idx ON order_line (product_line) WHERE product_line IS NOT NULL;

CREATE TABLE pos_line (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	distributor UUID NOT NULL, 
	invoice_number TEXT NOT NULL, 
	line_number TEXT NOT NULL, 
	reseller UUID, 
	reseller_name TEXT, 
	customer UUID, 
	customer_name TEXT, 
	customer_country TEXT, 
	deal UUID, 
	sku TEXT, 
	serial_numbers TEXT[], 
	quantity NUMERIC, 
	unit_price NUMERIC, 
	unit_price_currency TEXT, 
	sold_on DATE, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_pos_line PRIMARY KEY (id), 
	CONSTRAINT ck_pos_line_unit_price_has_currency CHECK (("unit_price" IS NULL) = (unit_price_currency IS NULL)), 
	CONSTRAINT fk_pos_line_distributor FOREIGN KEY(distributor) REFERENCES partner (id), 
	CONSTRAINT fk_pos_line_reseller FOREIGN KEY(reseller) REFERENCES partner (id) ON DELETE SET NULL, 
	CONSTRAINT fk_pos_line_customer FOREIGN KEY(customer) REFERENCES organization (id) ON DELETE SET NULL, 
	CONSTRAINT fk_pos_line_deal FOREIGN KEY(deal) REFERENCES deal_registration (id) ON DELETE SET NULL
);

COMMENT ON TABLE pos_line IS 'A line of a distributor''s point-of-sale report: what it sold to whom.';

COMMENT ON COLUMN pos_line.distributor IS 'Who reports.';

COMMENT ON COLUMN pos_line.invoice_number IS 'Number of the distributor''s invoice.';

COMMENT ON COLUMN pos_line.line_number IS 'Number of the line in the invoice.';

COMMENT ON COLUMN pos_line.reseller IS 'Who bought, once recognised.';

COMMENT ON COLUMN pos_line.reseller_name IS 'Who bought, as reported.';

COMMENT ON COLUMN pos_line.customer IS 'The end customer, once recognised.';

COMMENT ON COLUMN pos_line.customer_name IS 'The end customer, as reported.';

COMMENT ON COLUMN pos_line.customer_country IS 'ISO 3166-1 alpha-2 code.';

COMMENT ON COLUMN pos_line.deal IS 'The registration.';

COMMENT ON COLUMN pos_line.sku IS 'Our article number.';

COMMENT ON COLUMN pos_line.serial_numbers IS 'Serial numbers, where reported.';

COMMENT ON COLUMN pos_line.quantity IS 'How many; negative for a return.';

COMMENT ON COLUMN pos_line.unit_price IS 'Price of one, as reported.';

COMMENT ON COLUMN pos_line.sold_on IS 'Day of the invoice.';

CREATE INDEX pos_line_customer_idx ON pos_line (customer) WHERE customer IS NOT NULL;

CREATE INDEX pos_line_deal_idx ON pos_line (deal) WHERE deal IS NOT NULL;

CREATE INDEX pos_line_distributor_invoice_number_line_number_idx ON pos_line (distributor, invoice_number, line_number);

CREATE INDEX pos_line_reseller_idx ON pos_line (reseller) WHERE reseller IS NOT NULL;

CREATE TABLE quote (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	number TEXT NOT NULL, 
	partner UUID, 
	customer UUID, 
	deal UUID, 
	opportunity UUID, 
	status TEXT, 
	total NUMERIC, 
	total_currency TEXT, 
	issued_on DATE, 
	expires_on DATE, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_quote PRIMARY KEY (id), 
	CONSTRAINT ck_quote_status_choice CHECK ("status" = ANY (ARRAY['draft', 'sent', 'accepted', 'declined', 'expired'])), 
	CONSTRAINT ck_quote_total_has_currency CHECK (("total" IS NULL) = (total_currency IS NULL)), 
	CONSTRAINT fk_quote_partner FOREIGN KEY(partner) REFERENCES partner (id) ON DELETE SET NULL, 
	CONSTRAINT fk_quote_customer FOREIGN KEY(customer) REFERENCES organization (id) ON DELETE SET NULL, 
	CONSTRAINT fk_quote_deal FOREIGN KEY(deal) REFERENCES deal_registration (id) ON DELETE SET NULL, 
	CONSTRAINT fk_quote_opportunity FOREIGN KEY(opportunity) REFERENCES opportunity (id) ON DELETE SET NULL
);

COMMENT ON TABLE quote IS 'An offer with its price and term.';

COMMENT ON COLUMN quote.number IS 'Number of the quote.';

COMMENT ON COLUMN quote.partner IS 'Who quotes or is quoted to.';

COMMENT ON COLUMN quote.customer IS 'The end customer.';

COMMENT ON COLUMN quote.deal IS 'The registration.';

COMMENT ON COLUMN quote.opportunity IS 'The opportunity.';

COMMENT ON COLUMN quote.status IS 'Where it stands.';

COMMENT ON COLUMN quote.total IS 'Total without tax.';

COMMENT ON COLUMN quote.issued_on IS 'Day of issue.';

COMMENT ON COLUMN quote.expires_on IS 'Last day on which it holds.';

CREATE INDEX quote_customer_idx ON quote (customer) WHERE customer IS NOT NULL;

CREATE INDEX quote_deal_idx ON quote (deal) WHERE deal IS NOT NULL;

CREATE INDEX quote_number_idx ON quote (number);

CREATE INDEX quote_opportunity_idx ON quote (opportunity) WHERE opportunity IS NOT NULL;

CREATE INDEX quote_partner_idx ON quote (partner) WHERE partner IS NOT NULL;

CREATE TABLE invoice_line (
	id UUID NOT NULL, 
	version INTEGER DEFAULT 1 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	deleted_at TIMESTAMP WITH TIME ZONE, 
	merged_into UUID, 
	partner UUID, 
	customer UUID, 
	invoice_number TEXT NOT NULL, 
	line_number TEXT NOT NULL, 
	order_line UUID, 
	deal UUID, 
	sku TEXT, 
	quantity NUMERIC, 
	total NUMERIC, 
	total_currency TEXT, 
	invoiced_on DATE, 
	paid_on DATE, 
	custom JSONB DEFAULT '{}'::jsonb NOT NULL, 
	CONSTRAINT pk_invoice_line PRIMARY KEY (id), 
	CONSTRAINT ck_invoice_line_total_has_currency CHECK (("total" IS NULL) = (total_currency IS NULL)), 
	CONSTRAINT fk_invoice_line_partner FOREIGN KEY(partner) REFERENCES partner (id) ON DELETE SET NULL, 
	CONSTRAINT fk_invoice_line_customer FOREIGN KEY(customer) REFERENCES organization (id) ON DELETE SET NULL, 
	CONSTRAINT fk_invoice_line_order_line FOREIGN KEY(order_line) REFERENCES order_line (id) ON DELETE SET NULL, 
	CONSTRAINT fk_invoice_line_deal FOREIGN KEY(deal) REFERENCES deal_registration (id) ON DELETE SET NULL
);

COMMENT ON TABLE invoice_line IS 'A line of an invoice that we issued.';

COMMENT ON COLUMN invoice_line.partner IS 'Who is billed.';

COMMENT ON COLUMN invoice_line.customer IS 'The end customer.';

COMMENT ON COLUMN invoice_line.invoice_number IS 'Number of the invoice.';

COMMENT ON COLUMN invoice_line.line_number IS 'Number of the line in the invoice.';

COMMENT ON COLUMN invoice_line.order_line IS 'The order line that it bills.';

COMMENT ON COLUMN invoice_line.deal IS 'The registration.';

COMMENT ON COLUMN invoice_line.sku IS 'Our article number.';

COMMENT ON COLUMN invoice_line.quantity IS 'How many; negative for a credit.';

COMMENT ON COLUMN invoice_line.total IS 'Price of the line without tax.';

COMMENT ON COLUMN invoice_line.invoiced_on IS 'Day of the invoice.';

COMMENT ON COLUMN invoice_line.paid_on IS 'Day on which it was paid in full.';

CREATE INDEX invoice_line_customer_idx ON invoice_line (customer) WHERE customer IS NOT NULL;

CREATE INDEX invoice_line_deal_idx ON invoice_line (deal) WHERE deal IS NOT NULL;

CREATE INDEX invoice_line_invoice_number_line_number_idx ON invoice_line (invoice_number, line_number);

CREATE INDEX invoice_line_order_line_idx ON invoice_line (order_line) WHERE order_line IS NOT NULL;

CREATE INDEX invoice_line_partner_idx ON invoice_line (partner) WHERE partner IS NOT NULL;
