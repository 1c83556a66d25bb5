import type { Command } from '../command.ts'
import { info } from './info.ts'
import { list } from './list.ts'
import { summary } from './summary.ts'

export const commands: readonly Command[] = [summary, list, info]
