"""Enable zone: what partners' people have learned and are certified for."""

from hub.record.definition import Field, RecordType

CERTIFICATION = RecordType(
    name="certification",
    zone="enable",
    doc="A proof of knowledge that people of partners can earn.",
    title="name",
    own_fields=(
        Field("code", "text", "Short unique name.", required=True, max_length=64),
        Field("name", "text", "Name for people.", required=True),
        Field("product_line", "link", "The line that it is about.", link="product_line"),
        Field("valid_months", "int", "Months for which an award holds; empty means for good."),
        Field("is_active", "bool", "Whether it can still be earned."),
    ),
    natural_keys=(("code",),),
)

CERTIFICATION_AWARD = RecordType(
    name="certification_award",
    zone="enable",
    doc="A certification that somebody earned, and the partner for whom it counts.",
    title="certification",
    own_fields=(
        Field("certification", "link", "What was earned.", required=True, link="certification"),
        Field("partner", "link", "The partner for whom it counts.", link="partner"),
        Field("person", "link", "Who earned it; empty where it is the partner's as a firm.", link="person"),
        Field("lms", "text", "The learning system that granted it.", max_length=64),
        Field("granted_on", "date", "Day on which it was granted.", required=True),
        Field("expires_on", "date", "Last day on which it holds; empty means for good."),
        Field("revoked_on", "date", "Day on which it was taken away."),
    ),
    natural_keys=(("lms", "person", "certification", "granted_on"),),
)

ENABLE = (CERTIFICATION, CERTIFICATION_AWARD)
