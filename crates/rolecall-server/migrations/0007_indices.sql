-- A client or an API that is changed ends its sessions, and no other is looked at for that. Most are of neither: logged in
-- here, for this service.
CREATE INDEX sessions_client ON sessions (client_id) WHERE client_id <> 'rolecall';
CREATE INDEX sessions_audience ON sessions (audience) WHERE audience IS NOT NULL;
