/** Another transaction linked or merged meanwhile: what was read is old, so the batch is done again. */
export class StaleBatch extends Error {
  constructor() {
    super(
      'Another transaction linked one of the same identities, or merged one of the contacts; the batch is read again.',
    )
    this.name = 'StaleBatch'
  }
}
