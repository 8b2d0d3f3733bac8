// Command sdk does, with aws-sdk-go-v2 and nothing but its environment, what a pod does: it gets its credentials from the agent and calls AWS.
//
//	sdk CLUSTER ROLE-ARN
//
// It prints one JSON object of what it saw. An error it did not ask for ends it with status 1.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const language = "go"

type seen struct {
	Source   string   `json:"source"`
	Arn      string   `json:"arn"`
	Buckets  []string `json:"buckets"`
	Created  string   `json:"created"`
	Time     string   `json:"time"`
	Listed   []string `json:"listed"`
	Conflict string   `json:"conflict"`
	Missing  string   `json:"missing"`
	Deleted  string   `json:"deleted"`
	Item     string   `json:"item"`
	NoTable  string   `json:"noTable"`
}

func main() {
	if err := run(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, cluster, role string) error {
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	var told seen
	credentials, err := settings.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	told.Source = credentials.Source
	who, err := sts.NewFromConfig(settings).GetCallerIdentity(ctx, nil)
	if err != nil {
		return err
	}
	told.Arn = *who.Arn
	buckets, err := s3.NewFromConfig(settings).ListBuckets(ctx, nil)
	if err != nil {
		return err
	}
	for _, each := range buckets.Buckets {
		told.Buckets = append(told.Buckets, *each.Name)
	}
	if err := associate(ctx, eks.NewFromConfig(settings), cluster, role, &told); err != nil {
		return err
	}
	if err := store(ctx, dynamodb.NewFromConfig(settings), &told); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(told)
}

func associate(ctx context.Context, client *eks.Client, cluster, role string, told *seen) error {
	asked := &eks.CreatePodIdentityAssociationInput{
		ClusterName: &cluster, Namespace: aws.String("sdk"), ServiceAccount: aws.String(language), RoleArn: &role,
		Tags: map[string]string{"language": language},
	}
	made, err := client.CreatePodIdentityAssociation(ctx, asked)
	if err != nil {
		return err
	}
	told.Created = *made.Association.AssociationId
	told.Time = made.Association.CreatedAt.UTC().Format(time.RFC3339)
	asked.ClientRequestToken = nil
	_, err = client.CreatePodIdentityAssociation(ctx, asked)
	var taken *ekstypes.ResourceInUseException
	if errors.As(err, &taken) {
		told.Conflict = taken.ErrorMessage()
	}
	pages := eks.NewListPodIdentityAssociationsPaginator(client, &eks.ListPodIdentityAssociationsInput{
		ClusterName: &cluster, Namespace: aws.String("sdk"), ServiceAccount: aws.String(language),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, each := range page.Associations {
			told.Listed = append(told.Listed, *each.AssociationId)
		}
	}
	gone, err := client.DeletePodIdentityAssociation(ctx, &eks.DeletePodIdentityAssociationInput{
		ClusterName: &cluster, AssociationId: &told.Created,
	})
	if err != nil {
		return err
	}
	told.Deleted = *gone.Association.AssociationId
	_, err = client.DescribePodIdentityAssociation(ctx, &eks.DescribePodIdentityAssociationInput{
		ClusterName: &cluster, AssociationId: &told.Created,
	})
	var missing *ekstypes.ResourceNotFoundException
	if errors.As(err, &missing) {
		told.Missing = missing.ErrorCode()
	}
	return nil
}

func store(ctx context.Context, client *dynamodb.Client, told *seen) error {
	table := aws.String("sdk-" + language)
	_, err := client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: table, BillingMode: dynamotypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamotypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: dynamotypes.ScalarAttributeTypeS}},
		KeySchema:            []dynamotypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: dynamotypes.KeyTypeHash}},
	})
	if err != nil {
		return err
	}
	key := map[string]dynamotypes.AttributeValue{"id": &dynamotypes.AttributeValueMemberS{Value: language}}
	if _, err := client.PutItem(ctx, &dynamodb.PutItemInput{TableName: table, Item: key}); err != nil {
		return err
	}
	found, err := client.GetItem(ctx, &dynamodb.GetItemInput{TableName: table, Key: key})
	if err != nil {
		return err
	}
	told.Item = found.Item["id"].(*dynamotypes.AttributeValueMemberS).Value
	_, err = client.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("sdk-none"), Key: key})
	var missing *dynamotypes.ResourceNotFoundException
	if errors.As(err, &missing) {
		told.NoTable = missing.ErrorCode()
	}
	return nil
}
