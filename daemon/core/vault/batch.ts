import type { ChangesetHash, EntryId } from '../../../shared/ids.js'
import type { Alarm } from './alarm.js'
import type { Change } from './change.js'
import type { Op, Space } from './records.js'

/** What taking entries in gives, as it gathers. */
export class Batch {
  readonly ops: Op[] = []
  readonly changes: Change[] = []
  /** Names that hold something else though no change of theirs came: some were cut off, or count after all. */
  readonly judged: { readonly space: Space; readonly name: string }[] = []
  readonly alarms: Alarm[] = []
  readonly acknowledged: EntryId[] = []
  readonly touched = new Set<ChangesetHash>()
  links = false
}
