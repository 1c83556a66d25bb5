import type { Command } from '../command.ts'
import { calibrate } from './calibrate.ts'
import { classicCommand } from './classic.ts'
import { convert } from './convert.ts'
import { demo } from './demo.ts'
import { detect } from './detect.ts'
import { evalCommand } from './eval.ts'
import { evalDetectorCommand } from './eval-detector.ts'
import { exportCommand } from './export.ts'
import { info } from './info.ts'
import { inspect } from './inspect.ts'
import { list } from './list.ts'
import { predict } from './predict.ts'
import { profile } from './profile.ts'
import { summaryCommand } from './summary.ts'
import { trainCommand } from './train.ts'
import { trainDetectorCommand } from './train-detector.ts'
import { verify } from './verify.ts'
import { weightsCommand } from './weights.ts'

export const commands: readonly Command[] = [
  demo,
  trainCommand,
  evalCommand,
  predict,
  detect,
  trainDetectorCommand,
  evalDetectorCommand,
  classicCommand,
  summaryCommand,
  profile,
  inspect,
  convert,
  exportCommand,
  verify,
  calibrate,
  list,
  weightsCommand,
  info,
]
