"""A second database, for a world that is played twice."""

from tests.conftest import database_url

second_database_url = database_url
