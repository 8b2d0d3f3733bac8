import http.client
from urllib.parse import urlsplit
from tests.contract.conftest import served
def test_x(served):
    s3=served.client("s3"); s3.create_bucket(Bucket="webby")
    s3.put_bucket_website(Bucket="webby", WebsiteConfiguration={"IndexDocument":{"Suffix":"index.html"}})
    for host, m, path in (("webby.s3-website-us-east-1.amazonaws.com","GET","/"),("webby.s3-website.localhost","GET","/x"),("dynamodb.us-east-1.amazonaws.com","OPTIONS","/"),("a","OPTIONS","/"),("a","OPTIONS","*"),("a","TRACE","/"),("a","PATCH","/webby/x"),("a","FOO","/webby/x")):
        c=http.client.HTTPConnection(urlsplit(served.url).netloc); c.request(m,path,headers={"Host":host}); r=c.getresponse(); print(host,m,path,r.status,r.read()[:200]); c.close()
