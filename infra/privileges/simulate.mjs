// Judges requests with iam-simulate, an evaluator of IAM policies that this project did not write (AGPL: for tests, never shipped).
// Usage: node simulate.mjs TOOLS INPUT OUTPUT. TOOLS is the folder with its node_modules. INPUT is {policies: {name: document}, requests: [{caller,
// account, action, resource, context, identity: [names], policy: name}]}; OUTPUT becomes {verdicts: [...], ignored: [...], invalid: [...]}.
// It knows no kms:EncryptionContext:*, and would leave it out in silence, so that key is called aws:RequestTag/* in policies and requests
// alike; a request none of whose keys it left out is proof that it looked at all of them.
import { createRequire } from 'node:module'
import { readFileSync, writeFileSync } from 'node:fs'

const [tools, input, output] = process.argv.slice(2)
const { runSimulation, anonymousPrincipal } = createRequire(tools + '/')('@cloud-copilot/iam-simulate')
const { policies, requests } = JSON.parse(readFileSync(input, 'utf8').replaceAll('kms:EncryptionContext:', 'aws:RequestTag/'))

const verdicts = []
const ignored = new Set()
const invalid = new Set()
for (const r of requests) {
  const simulation = {
    request: {
      principal: r.caller || anonymousPrincipal,
      action: r.action,
      resource: { resource: r.resource, accountId: r.account },
      contextVariables: r.context ?? {}
    },
    identityPolicies: (r.identity ?? []).map((name) => ({ name, policy: policies[name] })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    resourcePolicy: r.policy ? policies[r.policy] : undefined
  }
  const answer = await runSimulation(simulation, {})
  if (answer.resultType === 'error') {
    invalid.add(r.action + ': ' + JSON.stringify(answer.errors))
    verdicts.push('invalid')
    continue
  }
  for (const key of answer.result?.ignoredContextKeys ?? []) ignored.add(r.action + ' ' + key)
  verdicts.push(answer.overallResult)
}
writeFileSync(output, JSON.stringify({ verdicts, ignored: [...ignored], invalid: [...invalid] }))
