import { describe } from 'vitest'
import { testBehaviour } from '../support/backend-suite.ts'
import { nativeBackend } from '../support/native-backend.ts'

const native = (await nativeBackend()) !== undefined

describe.skipIf(!native)('the native backend', () => testBehaviour('native', 20))
