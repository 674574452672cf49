"""A webhook for the triggers of pools.toml: only people of example.com sign up, and access tokens tell their plan."""
import base64, hashlib, hmac, json, os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))


def pre_sign_up(request):
    if not request["userAttributes"].get("email", "").endswith("@example.com"):
        raise ValueError("Only people of example.com sign up here")
    return {"autoConfirmUser": True, "autoVerifyEmail": True}


def token_generation(request):
    claims = {"plan": "gold", "mail": request["userAttributes"].get("email")}
    return {"claimsAndScopeOverrideDetails": {"accessTokenGeneration": {"claimsToAddOrOverride": claims}}}


class Webhook(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        sent_at = self.headers["webhook-timestamp"]
        content = f"{self.headers['webhook-id']}.{sent_at}.".encode() + body
        right = "v1," + base64.b64encode(hmac.digest(KEY, content, hashlib.sha256)).decode()
        if abs(time.time() - int(sent_at)) > 300 or not hmac.compare_digest(right, self.headers["webhook-signature"]):
            return self.answer(401, {})
        event = json.loads(body)
        trigger = pre_sign_up if event["triggerSource"].startswith("PreSignUp") else token_generation
        try:
            self.answer(200, event | {"response": trigger(event["request"])})
        except ValueError as error:
            self.answer(400, {"errorMessage": str(error)})

    def answer(self, status, document):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())


ThreadingHTTPServer(("127.0.0.1", int(os.environ["WEBHOOK_PORT"])), Webhook).serve_forever()
