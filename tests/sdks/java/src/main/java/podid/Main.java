package podid;

import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BillingMode;
import software.amazon.awssdk.services.dynamodb.model.KeyType;
import software.amazon.awssdk.services.dynamodb.model.ScalarAttributeType;
import software.amazon.awssdk.services.eks.EksClient;
import software.amazon.awssdk.services.eks.model.CreatePodIdentityAssociationRequest;
import software.amazon.awssdk.services.eks.model.ResourceInUseException;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.Bucket;
import software.amazon.awssdk.services.sts.StsClient;

/**
 * What a pod does, with the AWS SDK for Java 2 and nothing but its environment: credentials from the agent, then calls of AWS.
 * Arguments: the cluster, the role's ARN. Prints one JSON object of what it saw; an error it did not ask for ends it with status 1.
 */
public final class Main {
    private static final String LANGUAGE = "java";

    public static void main(String[] arguments) {
        String cluster = arguments[0];
        String role = arguments[1];
        StringBuilder told = new StringBuilder("{\"source\": \"container\"");
        try (StsClient sts = StsClient.create(); S3Client s3 = S3Client.create()) {
            tell(told, "arn", sts.getCallerIdentity().arn());
            tell(told, "buckets", s3.listBuckets().buckets().stream().map(Bucket::name).toList());
        }
        try (EksClient eks = EksClient.create()) {
            associate(eks, cluster, role, told);
        }
        try (DynamoDbClient dynamodb = DynamoDbClient.create()) {
            store(dynamodb, told);
        }
        System.out.println(told.append("}"));
    }

    private static void associate(EksClient eks, String cluster, String role, StringBuilder told) {
        CreatePodIdentityAssociationRequest asked = CreatePodIdentityAssociationRequest.builder()
                .clusterName(cluster).namespace("sdk").serviceAccount(LANGUAGE).roleArn(role)
                .tags(Map.of("language", LANGUAGE)).build();
        var made = eks.createPodIdentityAssociation(asked).association();
        String id = made.associationId();
        tell(told, "created", id);
        tell(told, "time", made.createdAt().toString());
        try {
            eks.createPodIdentityAssociation(asked);
        } catch (ResourceInUseException taken) {
            tell(told, "conflict", taken.awsErrorDetails().errorMessage());
        }
        tell(told, "listed", eks.listPodIdentityAssociationsPaginator(
                list -> list.clusterName(cluster).namespace("sdk").serviceAccount(LANGUAGE))
                .associations().stream().map(each -> each.associationId()).toList());
        tell(told, "deleted", eks.deletePodIdentityAssociation(
                delete -> delete.clusterName(cluster).associationId(id)).association().associationId());
        try {
            eks.describePodIdentityAssociation(describe -> describe.clusterName(cluster).associationId(id));
        } catch (software.amazon.awssdk.services.eks.model.ResourceNotFoundException missing) {
            tell(told, "missing", missing.awsErrorDetails().errorCode());
        }
    }

    private static void store(DynamoDbClient dynamodb, StringBuilder told) {
        String table = "sdk-" + LANGUAGE;
        Map<String, AttributeValue> key = Map.of("id", AttributeValue.fromS(LANGUAGE));
        dynamodb.createTable(create -> create.tableName(table).billingMode(BillingMode.PAY_PER_REQUEST)
                .attributeDefinitions(id -> id.attributeName("id").attributeType(ScalarAttributeType.S))
                .keySchema(id -> id.attributeName("id").keyType(KeyType.HASH)));
        dynamodb.putItem(put -> put.tableName(table).item(key));
        tell(told, "item", dynamodb.getItem(get -> get.tableName(table).key(key)).item().get("id").s());
        try {
            dynamodb.getItem(get -> get.tableName("sdk-none").key(key));
        } catch (software.amazon.awssdk.services.dynamodb.model.ResourceNotFoundException missing) {
            tell(told, "noTable", missing.awsErrorDetails().errorCode());
        }
    }

    private static void tell(StringBuilder told, String name, String value) {
        told.append(", \"").append(name).append("\": \"").append(value).append('"');
    }

    private static void tell(StringBuilder told, String name, List<String> values) {
        told.append(", \"").append(name).append("\": [");
        told.append(String.join(", ", values.stream().map(value -> '"' + value + '"').toList())).append(']');
    }
}
