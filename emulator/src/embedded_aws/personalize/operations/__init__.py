"""The operations of the control plane, a module for each family of kinds.

`generic` has what works the same for every kind of resource; the other modules have what one family asks for: `data`
(schemas, dataset groups, datasets and the jobs on them), `solutions`, `deployments` (campaigns and recommenders),
`batches`, and `attachments` (filters, event trackers, metric attributions). `automatic` is what nobody asks for.
"""
