"""A second reading of the licence protocol, in Python alone: verifies vectors.json without a line of Freehold's code.

    python3 docs/licence-protocol/verify.py [vectors.json]

Prints how much agreed and ends with 0, or prints each disagreement and ends with 1. Ed25519 is written out as in
RFC 8032, section 5.1, so that nothing has to be installed; a product takes its platform's library instead.
"""

import base64
import hashlib
import json
import pathlib
import re
import sys
from datetime import datetime, timezone

TOLERANCE_SEC = 300
ROLLBACK_MS = 300_000
SAME_BOOT_MS = 5_000
BOOTS_PER_SECRET = 5
LONGEST_WAIT_MS = 3_600_000


# Ed25519, RFC 8032 section 5.1

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if x2 == 0:
        return None if sign else 0
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * SQRT_M1 % P
    if (x * x - x2) % P:
        return None
    return P - x if x & 1 != sign else x


def point(data):
    number = int.from_bytes(data, "little")
    y = number & ((1 << 255) - 1)
    x = recover_x(y, number >> 255)
    return None if x is None else (x, y, 1, x * y % P)


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, p):
    total = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = add(total, p)
        p = add(p, p)
        scalar >>= 1
    return total


def same(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (recover_x(BASE_Y, 0), BASE_Y, 1, recover_x(BASE_Y, 0) * BASE_Y % P)


def ed25519_verify(public, message, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = point(public), point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    return same(multiply(s, BASE), add(r, multiply(h, a)))


# Verdicts

TEXTS = dict.fromkeys(("iss", "aud", "sub", "jti"), str)
NUMBERS = dict.fromkeys(("iat", "exp", "seq"), int)
OBJECTS = dict.fromkeys(("lic", "limits", "features", "chk"), dict)
CLAIMS = {**TEXTS, **NUMBERS, **OBJECTS, "notices": list}


def unpacked(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def fault_of(jws, keys, vectors, asked, now_ms, source):
    """Why a client must not accept this verdict; None when it must."""
    try:
        head, body, signature = jws.split(".")
        header = json.loads(unpacked(head))
    except ValueError:
        return "SHAPE"
    if header.get("alg") != "EdDSA":
        return "ALGORITHM"
    key = next((key for key in keys if key["kid"] == header.get("kid") and key["crv"] == "Ed25519"), None)
    if key is None:
        return "KEY"
    if not ed25519_verify(unpacked(key["x"]), f"{head}.{body}".encode(), unpacked(signature)):
        return "SIGNATURE"
    claims = json.loads(unpacked(body))
    if header.get("typ") != "lic+jws":
        return "TYPE"
    if claims.get("iss") != vectors["issuer"]:
        return "ISSUER"
    if claims.get("aud") != vectors["product"]:
        return "AUDIENCE"
    if not all(isinstance(claims.get(name), kind) for name, kind in CLAIMS.items()):
        return "CLAIMS"
    if claims["exp"] <= claims["iat"]:
        return "EXPIRED"
    if asked is not None:
        if claims["exp"] <= now_ms // 1000 - TOLERANCE_SEC:
            return "EXPIRED"
        answered = (claims["sub"], claims["jti"], claims.get("nonce"))
        if answered != (asked["activationId"], asked["requestId"], asked["nonce"]):
            return "REPLAYED"
    if source == "answer" and "refusal" in claims:
        return "REFUSAL"
    if source == "problem" and "refusal" not in claims:
        return "NO_REFUSAL"
    return None


# Keys


def stated(jws, typ, keys):
    """The key that a statement is about; None unless one of these keys has signed it."""
    try:
        head, body, signature = jws.split(".")
        header, about = json.loads(unpacked(head)), json.loads(unpacked(body))["jwk"]
    except (ValueError, KeyError):
        return None
    key = next((key for key in keys if key["kid"] == header.get("kid")), None)
    if key is None or header.get("alg") != "EdDSA" or header.get("typ") != typ:
        return None
    verified = ed25519_verify(unpacked(key["x"]), f"{head}.{body}".encode(), unpacked(signature))
    return about if verified else None


def trusted_keys(installed, learned):
    given = [document for document in (installed, learned) if document is not None]
    revoked = set()
    for jws in (jws for document in given for jws in document.get("revocations", [])):
        about = json.loads(unpacked(jws.split(".")[1]))["jwk"]
        if stated(jws, "lic-key-revoked+jws", [about]) is not None:
            revoked.add(about["x"])
    trusted = {key["kid"]: key for key in given[0]["keys"] if key["x"] not in revoked}
    before = -1
    while installed is not None and before < len(trusted):
        before = len(trusted)
        for jws in (jws for document in given for jws in document.get("endorsements", [])):
            about = stated(jws, "lic-key+jws", list(trusted.values()))
            if about is not None and about["kid"] not in trusted and about["x"] not in revoked:
                trusted[about["kid"]] = about
    return sorted(trusted)


def check_trust(vectors, disagree):
    for vector in vectors["trust"]:
        found = trusted_keys(vector["installed"], vector["learned"])
        if found != vector["trusted"]:
            disagree(f"trust, {vector['about']}: {found}")


def check_verdicts(vectors, disagree):
    keys = vectors["jwks"]["keys"]
    for vector in vectors["verdicts"]:
        fault = fault_of(vector["jws"], keys, vectors, vector["asked"], vector["now"], vector["from"])
        good = "lock" if vector["from"] == "problem" else "accept"
        found = (good if fault is None else "refuse", fault)
        expected = (vector["outcome"], vector.get("fault"))
        if found != expected:
            disagree(f"verdict {vector['id']}: {found} instead of {expected}")
        if "payload" in vector:
            head, body, signature = vector["jws"].split(".")
            shown = [vector["header"], vector["payload"], vector["signature"]]
            if [json.loads(unpacked(head)), json.loads(unpacked(body)), signature] != shown:
                disagree(f"verdict {vector['id']}: its parts are not those that are shown")


# Offline files

FILE_TEXTS = dict.fromkeys(("iss", "aud", "sub", "jti", "enforcement", "mode"), str)
FILE_NUMBERS = dict.fromkeys(("iat", "exp", "seats"), int)
FILE_OBJECTS = dict.fromkeys(("lic", "limits", "features"), dict)
FILE_CLAIMS = {**FILE_TEXTS, **FILE_NUMBERS, **FILE_OBJECTS, "versions": (list, type(None))}


def file_fault(text, keys, vectors, node):
    """Why a node must not accept this licence file, and its claims if it must."""
    try:
        head, body, signature = text.strip().split(".")
        header = json.loads(unpacked(head))
    except ValueError:
        return "SHAPE", None
    if header.get("alg") != "EdDSA":
        return "ALGORITHM", None
    key = next((key for key in keys if key["kid"] == header.get("kid") and key["crv"] == "Ed25519"), None)
    if key is None:
        return "KEY", None
    if not ed25519_verify(unpacked(key["x"]), f"{head}.{body}".encode(), unpacked(signature)):
        return "SIGNATURE", None
    if header.get("typ") != "lic-offline+jws":
        return "TYPE", None
    claims = json.loads(unpacked(body))
    complete = all(name in claims and isinstance(claims[name], kind) for name, kind in FILE_CLAIMS.items())
    if not complete or ("cluster" in claims) == ("fingerprint" in claims):
        return "CLAIMS", None
    if claims["iss"] != vectors["issuer"]:
        return "ISSUER", None
    if claims["aud"] != vectors["product"]:
        return "PRODUCT", None
    if "cluster" in claims and claims["cluster"] != node.get("clusterId"):
        return "CLUSTER", None
    if "fingerprint" in claims and claims["fingerprint"] != node.get("fingerprint"):
        return "MACHINE", None
    if claims["mode"] == "development" and node["mode"] != "development":
        return "MODE", None
    if claims["versions"] is not None and node["version"] not in claims["versions"]:
        return "VERSION", None
    return (None, claims) if claims["exp"] > claims["iat"] else ("LIFE", None)


def check_files(vectors, disagree):
    for vector in vectors["offlineFiles"]:
        fault, claims = file_fault(vector["file"], vectors["jwks"]["keys"], vectors, vector["node"])
        code = None
        if fault is not None:
            code = "OFFLINE_FILE_REFUSED"
        elif vector["now"] < claims["iat"] * 1000 - ROLLBACK_MS:
            code = "CLOCK_ROLLBACK"
        elif vector["now"] >= claims["exp"] * 1000:
            code = "OFFLINE_FILE_EXPIRED"
        if (code, fault) != (vector["code"], vector.get("fault")):
            disagree(f"licence file {vector['id']}: {(code, fault)} instead of {(vector['code'], vector.get('fault'))}")
        if "payload" in vector and claims != vector["payload"]:
            disagree(f"licence file {vector['id']}: its claims are not those that are shown")


# Calls: every signature, and the table of the rotating secret


def ms(text):
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc).timestamp() * 1000)


class Instance:
    """What a server remembers of the secrets of one instance."""

    def __init__(self, secret):
        self.current, self.request, self.previous, self.history = secret, None, None, []
        self.previous_boot, self.rotated_at, self.replayed, self.round_before_replayed = None, 0, False, False
        self.boots = set()

    def judge(self, secret, request, boot, at):
        if secret == self.current:
            return "rotate"
        if secret != self.previous:
            return "STALE_SECRET" if secret in self.history else "INVALID_SECRET"
        if request is None:
            return "CLONE_SUSPECTED" if self.replayed or self.round_before_replayed else "replay"
        if request == self.request:
            return "replay" if boot in self.boots or len(self.boots) < BOOTS_PER_SECRET else "CLONE_SUSPECTED"
        same_boot = boot is not None and boot == self.previous_boot and at - self.rotated_at <= SAME_BOOT_MS
        return "replay" if same_boot else "CLONE_SUSPECTED"

    def rotate(self, secret, request, boot, at):
        if self.previous is not None:
            self.history.append(self.previous)
        self.previous, self.current = self.current, secret
        self.round_before_replayed, self.replayed = self.replayed, False
        self.request, self.previous_boot, self.rotated_at = request, boot, at
        self.boots = {boot}

    def recover(self, secret, request, boot):
        self.history += [old for old in (self.previous, self.current) if old is not None]
        self.current, self.request, self.previous = secret, request, None
        self.replayed = self.round_before_replayed = False
        self.boots = {boot}


UNRELATED = {"SUBSCRIPTION_NOT_ACTIVE", "INSTANCE_NOT_ACTIVE", "INSTANCE_NOT_FOUND", "RATE_LIMITED"}
UNRELATED |= {"INVALID_LICENSE_CHECK_REQUEST"}


def check_calls(vectors, disagree):
    published = {key["kid"]: key for key in vectors["jwks"]["keys"]}
    instances, last_seq, verified, judged = {}, {}, 0, 0
    for call in vectors["calls"]:
        request, answer = call["request"], call["answer"]
        body, said = request.get("body", {}), answer.get("body", {})
        where = f"call {call['id']}"
        parts = request["path"].split("/")
        instance = said.get("instanceId") or (parts[3] if parts[2:3] == ["instances"] else None)
        if answer["status"] >= 400 and not {"code", "num", "detail", "remedy", "requestId"} <= said.keys():
            disagree(f"{where}: its body is no problem")
        jws = said.get("license") or said.get("verdict")
        if jws is not None:
            claims = json.loads(unpacked(jws.split(".")[1]))
            # A check without a requestId is answered with an id made by the server.
            request_id = body.get("requestId") or body.get("activationId") or claims["jti"]
            asked = {"activationId": instance, "requestId": request_id, "nonce": body.get("nonce")}
            source = "answer" if "license" in said else "problem"
            fault = fault_of(jws, list(published.values()), vectors, asked, ms(call["at"]), source)
            if fault is not None:
                disagree(f"{where}: its verdict is refused ({fault})")
            if source == "problem" and (claims["refusal"]["code"], claims["refusal"]["num"]) != (said["code"], said["num"]):
                disagree(f"{where}: verdict and problem name different codes")
            verified += 1
        replay = answer["headers"].get("Idempotent-Replay") == "true"
        if "secret" in said:
            seq = claims["seq"]
            if "instanceId" in said:
                if replay and instances[instance].current != said["secret"]:
                    disagree(f"{where}: a repeated activation got another secret")
                if not replay:
                    instances[instance] = Instance(said["secret"])
            elif seq != last_seq[instance] + (0 if replay else 1):
                disagree(f"{where}: seq went from {last_seq[instance]} to {seq}")
            last_seq[instance] = seq
        if request["path"].endswith("/recover") and "secret" in said and not replay:
            instances[instance].recover(said["secret"], body["requestId"], body.get("bootId"))
        if request["path"].endswith("/check") and said.get("code") not in UNRELATED:
            held = instances[instance]
            at, boot = ms(call["at"]), body.get("bootId")
            judgement = held.judge(body["secret"], body.get("requestId"), boot, at)
            found = said.get("code") or ("replay" if replay else "rotate")
            if found != judgement:
                disagree(f"{where}: {found} instead of {judgement}")
            if judgement == "rotate" and "secret" in said:
                held.rotate(said["secret"], body.get("requestId"), boot, at)
            if judgement == "replay":
                held.boots.add(boot)
                held.replayed = held.replayed or body.get("requestId") is None
                if said.get("secret") != held.current:
                    disagree(f"{where}: a repeated check got another secret")
            judged += 1
    return verified, judged


# What a node computes itself


def check_node(vectors, disagree):
    for vector in vectors["retryDelays"]:
        first = min(vector["firstMs"], vector["intervalMs"])
        doubled = min(vector["maxMs"], first * 2 ** (vector["failures"] - 1))
        asked = min(vector["retryAfterMs"], max(vector["intervalMs"], LONGEST_WAIT_MS))
        bounds = [max((0.75 + spread) * doubled, (1 + spread) * asked) for spread in (0, 0.25)]
        if bounds != [vector["least"], vector["most"]]:
            disagree(f"delay after {vector['failures']} failures: {bounds}")
    for vector in vectors["clocks"]:
        anchor, at, verdict = vector["anchor"], vector["at"], vector["verdict"]
        gone = max(0, at["monotonic"] - anchor["monotonic"], at["now"] - anchor["local"])
        time = anchor["server"] + gone
        used = (time / 1000 - verdict["iat"]) / (verdict["exp"] - verdict["iat"])
        state = "GRACE" if time < verdict["exp"] * 1000 else "LOCKED"
        steps = [name for share, name in ((0.9, "GRACE_90"), (0.75, "GRACE_75"), (0.5, "GRACE_50")) if used >= share]
        notice = steps[0] if steps and state == "GRACE" else None
        if (time, state, notice) != (vector["serverTime"], vector["state"], vector["notice"]):
            disagree(f"clock, {vector['about']}: {(time, state, notice)}")
    for vector in vectors["restarts"]:
        mark, now = vector["mark"], vector["now"]
        found = (mark["server"] + max(0, now - mark["local"]), now < mark["local"] - ROLLBACK_MS)
        if found != (vector["server"], vector["rolledBack"]):
            disagree(f"restart, {vector['about']}: {found}")
    for vector in vectors["licenceKeys"]:
        if licence_key(vector["text"]) != vector["normalised"]:
            disagree(f"licence key {vector['text']}: {licence_key(vector['text'])}")


DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def licence_key(text):
    plain = re.sub("[^0-9A-Z]", "", text.upper())
    if not plain.startswith("FH"):
        return None
    body = plain[2:].replace("O", "0").replace("I", "1").replace("L", "1")
    if len(body) != 28 or any(char not in DIGITS for char in body):
        return None
    number = 0
    for char in body:
        number = number * 32 + DIGITS.index(char)
    value, checksum = number >> 10, number & 1023
    if value >= 2**128 or value % 1021 != checksum:
        return None
    return "-".join(["FH"] + [body[start : start + 7] for start in range(0, 28, 7)])


def main():
    default = pathlib.Path(__file__).with_name("vectors.json")
    vectors = json.loads(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else default).read_text("utf8"))
    disagreements = []
    check_verdicts(vectors, disagreements.append)
    verified, judged = check_calls(vectors, disagreements.append)
    check_node(vectors, disagreements.append)
    check_trust(vectors, disagreements.append)
    check_files(vectors, disagreements.append)
    for line in disagreements:
        print(line)
    if disagreements:
        sys.exit(1)
    counts = f"{len(vectors['verdicts'])} verdicts, {verified} signed answers and {judged} rotations"
    print(f"{counts}, and {len(vectors['offlineFiles'])} licence files agree")


if __name__ == "__main__":
    main()
