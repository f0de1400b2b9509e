"""The side the guest cannot see: frames, the pager, the paging device; and the services it calls for."""
