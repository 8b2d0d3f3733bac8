module podid.test/sdk

go 1.24

require (
	github.com/aws/aws-sdk-go-v2 v1.48.0
	github.com/aws/aws-sdk-go-v2/config v1.33.16
	github.com/aws/aws-sdk-go-v2/service/dynamodb latest
	github.com/aws/aws-sdk-go-v2/service/eks latest
	github.com/aws/aws-sdk-go-v2/service/s3 latest
	github.com/aws/aws-sdk-go-v2/service/sts latest
)
