"""What the server's own view must say of a transfer."""


def check_transfer(findings, transfer, facts):
    """A transfer in the view is what these facts say."""
    wanted = {
        "kind": "blind", "end": facts.end, "outcome": facts.outcome,
        "notifyStatuses": list(facts.notified),
    }
    for name, value in wanted.items():
        findings.equal(f"transfer.{name}", transfer.get(name), value)
    findings.equal("transfer.finalNotifyStatus", transfer.get("finalNotifyStatus"), facts.final)
    if facts.refer_may_be:
        findings.true(
            f"transfer.referStatus: {transfer.get('referStatus')}",
            transfer.get("referStatus") in facts.refer_may_be,
        )
    else:
        findings.equal("transfer.referStatus", transfer.get("referStatus"), facts.refer)
    findings.equal(
        "transfer.lateNotifyStatuses", transfer.get("lateNotifyStatuses", []),
        list(facts.late),
    )
    findings.true("transfer.verdict is a sentence", len(transfer.get("verdict") or "") > 20)
    findings.true("transfer.endedAt is set", transfer.get("endedAt"))
