# What the pods may do: read and write the lake, and nothing else of the account.
data "aws_iam_policy_document" "lake" {
  statement {
    actions   = ["s3:ListBucket", "s3:GetBucketLocation"]
    resources = [aws_s3_bucket.lake.arn]
  }
  statement {
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = ["${aws_s3_bucket.lake.arn}/*"]
  }
  statement {
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.rest.arn]
  }
}

resource "aws_iam_policy" "lake" {
  name_prefix = "${var.name}-lake-"
  policy      = data.aws_iam_policy_document.lake.json
}

data "aws_iam_policy_document" "assume" {
  count = var.oidc_provider_arn == "" ? 0 : 1
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [var.oidc_provider_arn]
    }
    condition {
      test     = "StringEquals"
      variable = "${element(split("oidc-provider/", var.oidc_provider_arn), 1)}:sub"
      values   = ["system:serviceaccount:${var.service_account}"]
    }
  }
}

resource "aws_iam_role" "pods" {
  count              = var.oidc_provider_arn == "" ? 0 : 1
  name_prefix        = "${var.name}-pods-"
  assume_role_policy = data.aws_iam_policy_document.assume[0].json
}

resource "aws_iam_role_policy_attachment" "pods" {
  count      = var.oidc_provider_arn == "" ? 0 : 1
  role       = aws_iam_role.pods[0].name
  policy_arn = aws_iam_policy.lake.arn
}
