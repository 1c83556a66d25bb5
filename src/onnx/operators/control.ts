import { stack } from '../../tensor/index.ts'
import { type Call, type Operators, operator } from '../call.ts'
import { concatHost } from '../host.ts'
import { asTensor, HostValue, type Value } from '../value.ts'

function conditional(call: Call): readonly Value[] {
  const condition = call.hostNumber(0, 'the condition', 0)
  return call.context.runGraph(call.graph(condition === 0 ? 'else_branch' : 'then_branch'), [])
}

/** Each turn is recorded. */
const mostTurns = 10_000

/** As often as its count and its condition say, which must follow from constants. */
function loop(call: Call): readonly Value[] {
  const body = call.graph('body')
  const count = call.hostNumber(0, 'the number of turns', Number.POSITIVE_INFINITY)
  let goesOn = call.hostNumber(1, 'the condition', 1) !== 0
  let carried = call.inputs.slice(2).map((_, i) => call.value(2 + i))
  const collected: Value[][] = body.outputs.slice(1 + carried.length).map(() => [])
  for (let turn = 0; goesOn && turn < count; turn++) {
    if (turn === mostTurns) call.fail(`takes more than ${mostTurns} turns`)
    const condition = new HostValue([], 'BOOL', [1])
    const [next, ...outputs] = call.context.runGraph(body, [
      new HostValue([], 'INT64', [turn]),
      condition,
      ...carried,
    ])
    if (!(next instanceof HostValue)) call.refuse('a condition that the network computes')
    goesOn = (next as HostValue).values[0] !== 0
    carried = outputs.slice(0, carried.length)
    for (const [i, list] of collected.entries()) list.push(outputs[carried.length + i]!)
  }
  return [...carried, ...collected.map((list) => stacked(call, list))]
}

/** Along a new first axis. */
function stacked(call: Call, values: readonly Value[]): Value {
  if (values.length === 0) call.fail('takes no turn, so that nothing says the shape of what it collects')
  const hosts = values.filter((value) => value instanceof HostValue)
  if (hosts.length < values.length) return stack(values.map(asTensor))
  return concatHost(
    hosts.map((value) => new HostValue([1, ...value.shape], value.type, value.values)),
    0,
  )
}

export const controlOperators: Operators = {
  If: operator(1, conditional, 'where the condition is a constant'),
  Loop: operator(1, loop, 'where the number of turns and the condition follow from constants; without lists'),
}
