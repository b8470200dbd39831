"""The Unified Partner Record: every record type, defined once."""

from hub.record.registry import RECORD_TYPES, UnknownRecordType, customised, record_type

__all__ = ["RECORD_TYPES", "UnknownRecordType", "customised", "record_type"]
