import type { Command } from '../command.ts'
import { evalCommand } from './eval.ts'
import { info } from './info.ts'
import { list } from './list.ts'
import { predict } from './predict.ts'
import { summary } from './summary.ts'

export const commands: readonly Command[] = [evalCommand, predict, summary, list, info]
