import type { Graph } from '../graph.ts'
import { arithmeticRules } from './arithmetic-rules.ts'
import { broadcastRules } from './broadcast-rules.ts'
import { concatRules } from './concat-rules.ts'
import { constantRules } from './constant-rules.ts'
import { iotaRules } from './iota-rules.ts'
import { movementRules } from './movement-rules.ts'
import { paddingRules } from './padding-rules.ts'
import { applyRules } from './rules.ts'
import { sumRules } from './sum-rules.ts'

const tables = [
  broadcastRules,
  constantRules,
  iotaRules,
  arithmeticRules,
  movementRules,
  concatRules,
  sumRules,
  paddingRules,
]

/** Every rule together, with common subexpressions merged and dead code dropped. */
export function simplify(graph: Graph): Graph {
  return applyRules(graph, tables)
}
