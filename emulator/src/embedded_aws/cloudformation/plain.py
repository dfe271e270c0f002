"""What most resource types have in common: they are there at once, and have an ARN at most as an attribute."""

from typing import ClassVar

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException


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


class WithArn(Plain):
    """The same for a type whose only attribute is `Arn`.

    Attributes:
        physical_resource_id: what Ref gives.
        arn: what Fn::GetAtt gives.
    """

    def __init__(self, physical_resource_id: str, arn: str) -> None:
        self.physical_resource_id = physical_resource_id
        self.arn = arn

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Say whether Fn::GetAtt knows `attr`."""
        return attr == "Arn"

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """Return an attribute.

        Raises:
            UnformattedGetAttTemplateException: it is not the Arn.
        """
        if attribute_name != "Arn":
            raise UnformattedGetAttTemplateException
        return self.arn
