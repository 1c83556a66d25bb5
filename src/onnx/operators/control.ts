import { type Call, type Operators, operator } from '../call.ts'
import type { Value } from '../value.ts'

function conditional(call: Call): readonly Value[] {
  const condition = call.hostNumber(0, 'the condition', 0)
  return call.context.runGraph(call.graph(condition === 0 ? 'else_branch' : 'then_branch'))
}

export const controlOperators: Operators = {
  If: operator(1, conditional, 'where the condition is a constant'),
}
