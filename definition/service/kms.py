"""What Amazon Personalize needs of a key of KMS (developer guide, page granting-personalize-key-access)."""

PERSONALIZE_PRINCIPAL = "personalize.amazonaws.com"
PERSONALIZE_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:CreateGrant", "kms:ListGrants")
"""Of the service and of its role; the last but one has to stand in the policy of the key."""
