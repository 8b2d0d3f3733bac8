// What a pod does, with @aws-sdk v3 and nothing but its environment: credentials from the agent, then calls of AWS.
//
//   node main.mjs CLUSTER ROLE-ARN
//
// Prints one JSON object of what it saw. An error it did not ask for ends it with status 1.
import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import {
  CreatePodIdentityAssociationCommand,
  DeletePodIdentityAssociationCommand,
  DescribePodIdentityAssociationCommand,
  EKSClient,
  ResourceInUseException,
  paginateListPodIdentityAssociations,
} from "@aws-sdk/client-eks";
import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const language = "javascript";
const [clusterName, roleArn] = process.argv.slice(2);
const subject = { clusterName, namespace: "sdk", serviceAccount: language };

async function refused(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("an error was expected");
}

const sts = new STSClient({});
const told = { arn: (await sts.send(new GetCallerIdentityCommand({}))).Arn };
told.source = (await sts.config.credentials()).accountId ? "container" : "unknown";
told.buckets = (await new S3Client({}).send(new ListBucketsCommand({}))).Buckets.map((bucket) => bucket.Name);

const eks = new EKSClient({});
const asked = { ...subject, roleArn, tags: { language } };
const made = (await eks.send(new CreatePodIdentityAssociationCommand(asked))).association;
told.created = made.associationId;
told.time = made.createdAt.toISOString();
const taken = await refused(eks.send(new CreatePodIdentityAssociationCommand(asked)));
told.conflict = taken instanceof ResourceInUseException ? taken.message : String(taken);
told.listed = [];
for await (const page of paginateListPodIdentityAssociations({ client: eks }, subject)) {
  told.listed.push(...page.associations.map((each) => each.associationId));
}
const named = { clusterName, associationId: told.created };
told.deleted = (await eks.send(new DeletePodIdentityAssociationCommand(named))).association.associationId;
told.missing = (await refused(eks.send(new DescribePodIdentityAssociationCommand(named)))).name;

const dynamodb = new DynamoDBClient({});
const TableName = `sdk-${language}`;
const Key = { id: { S: language } };
await dynamodb.send(
  new CreateTableCommand({
    TableName,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
  }),
);
await dynamodb.send(new PutItemCommand({ TableName, Item: Key }));
told.item = (await dynamodb.send(new GetItemCommand({ TableName, Key }))).Item.id.S;
told.noTable = (await refused(dynamodb.send(new GetItemCommand({ TableName: "sdk-none", Key })))).name;
console.log(JSON.stringify(told));
