"""What most resource types have in common: they are there at once, and have no attributes."""

from typing import ClassVar


class Plain:
    """Mix it into a direct subclass of moto's CloudFormationModel, which names the type.

    Attributes:
        TYPE: name of the type.
        NAME: property with the name that is the physical id, "" for none.
    """

    TYPE: ClassVar[str]
    NAME: ClassVar[str] = ""

    @classmethod
    def cloudformation_name_type(cls) -> str:
        """Return the property with the name."""
        return cls.NAME

    @classmethod
    def cloudformation_type(cls) -> str:
        """Return the type's name."""
        return cls.TYPE

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Say that there is no attribute."""
        del attr
        return False

    def is_created(self) -> bool:
        """Say that it is there at once."""
        return True
