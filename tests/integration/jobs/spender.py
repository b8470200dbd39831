"""A process that sends as many requests as an account's budget lets it: `python -m tests.integration.jobs.spender`.

Arguments: the Redis, requests, a burst limit and its seconds. It prints the moments at which the requests left.
"""

import asyncio
import json
import sys
import time

from hub.budget import at_priority, open_budgets
from hub.sdk.capabilities import Limit


async def spend(redis_url: str, requests: int, amount: int, seconds: float) -> list[float]:
    left = []
    async with open_budgets(redis_url) as budgets:
        budget = budgets.of(system="acme", account_id="1")
        budget.declare((Limit("burst", amount, per_seconds=seconds),))
        with at_priority("interactive"):
            for _ in range(requests):
                async with budget.slot():
                    left.append(time.time())
    return left


if __name__ == "__main__":
    url, requests, amount, seconds = sys.argv[1:]
    sys.stdout.write(json.dumps(asyncio.run(spend(url, int(requests), int(amount), float(seconds)))))
