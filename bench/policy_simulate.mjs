// How long one decision of iam-simulate takes. Reads what `policy_peers.py` asks as JSON, writes {name: microseconds}.
// Policies are validated before the clock starts; both of its functions are measured and the quicker one counts.

import { readFileSync } from "node:fs";

const asked = JSON.parse(readFileSync(0, "utf8"));
const { runSimulation, runUnsafeSimulation } = await import(asked.package);
const { createValidatedPolicy, validateIdentityPolicy } = await import(asked.policy_package);

function median(numbers) {
  return numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

async function microseconds(work) {
  for (let i = 0; i < 20; i++) await work();
  const started = process.hrtime.bigint();
  for (let i = 0; i < 20; i++) await work();
  const once = Number(process.hrtime.bigint() - started) / 20 / 1e9;
  const calls = Math.max(5, Math.floor(asked.seconds / 5 / once));
  const rounds = [];
  for (let round = 0; round < 5; round++) {
    const began = process.hrtime.bigint();
    for (let i = 0; i < calls; i++) await work();
    rounds.push(Number(process.hrtime.bigint() - began) / calls / 1e3);
  }
  return median(rounds);
}

const found = {};
for (const [name, documents] of Object.entries(asked.policies)) {
  const simulation = {
    request: {
      principal: asked.principal,
      action: asked.action,
      resource: { resource: asked.resource, accountId: asked.account },
      contextVariables: asked.context,
    },
    identityPolicies: documents.map((policy, index) => ({
      name: `p${index}`,
      policy: createValidatedPolicy(policy, validateIdentityPolicy, { name: `p${index}` }),
    })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
  };
  const figures = [];
  for (const decide of [() => runSimulation(simulation, {}), () => runUnsafeSimulation(simulation, {})]) {
    try {
      await decide();
      figures.push(await microseconds(decide));
    } catch {
      // one of the two does not take policies of this form
    }
  }
  if (figures.length) found[name] = Math.min(...figures);
}
console.log(JSON.stringify(found));
